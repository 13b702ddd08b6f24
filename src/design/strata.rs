//! Strata: the combinations of the arguments of `strata()`, numbered in R's order, the first argument slowest.

use super::carrier::encode;
use super::value::{Columns, Value, evaluate, level_text};
use crate::formula::{Expr, ExprKind, Fault};
use crate::table::ColumnData;

/// Strata of all rows.
pub(crate) struct Strata {
    /// The stratum of each row; `u32::MAX` when any argument is missing.
    pub codes: Vec<u32>,
    /// `sex=1, region=north`, by stratum.
    pub labels: Vec<String>,
    /// R's names of the levels: without the column when all arguments are text.
    pub short_labels: Vec<String>,
}

/// One argument: a code per row and the text of each code.
struct Part {
    name: String,
    codes: Vec<u32>,
    levels: Vec<String>,
    text: bool,
}

/// Combines the arguments of all `strata()` terms.
pub(crate) fn combine<'a>(lists: &[&[Expr]], columns: &Columns<'a>, n_rows: usize) -> Result<Strata, Fault> {
    let parts: Result<Vec<Part>, Fault> = lists.iter().flat_map(|l| l.iter()).map(|e| part(e, columns)).collect();
    let parts = parts?;
    let mut codes = vec![0u32; n_rows];
    let mut keys: Vec<Vec<u32>> = vec![Vec::new()];
    for part in &parts {
        (codes, keys) = refine(&codes, &keys, &part.codes);
    }
    let short = parts.iter().all(|p| p.text);
    let label = |key: &[u32], with_names: bool| {
        let texts = parts.iter().zip(key).map(|(p, code)| {
            let level = &p.levels[*code as usize];
            if with_names { format!("{}={level}", p.name) } else { level.clone() }
        });
        texts.collect::<Vec<_>>().join(", ")
    };
    let labels = keys.iter().map(|k| label(k, true)).collect();
    let short_labels = keys.iter().map(|k| label(k, !short)).collect();
    Ok(Strata { codes, labels, short_labels })
}

/// Splits every stratum by the codes of another argument; only combinations that occur are numbered.
fn refine(codes: &[u32], keys: &[Vec<u32>], by: &[u32]) -> (Vec<u32>, Vec<Vec<u32>>) {
    let pairs = codes.iter().zip(by).map(|(a, b)| (*a != u32::MAX && *b != u32::MAX).then_some((*a, *b)));
    let pairs: Vec<Option<(u32, u32)>> = pairs.collect();
    let mut seen = std::collections::BTreeSet::new();
    let mut last = None;
    for pair in pairs.iter().flatten() {
        if last != Some(pair) {
            seen.insert(*pair);
        }
        last = Some(pair);
    }
    let order: Vec<(u32, u32)> = seen.into_iter().collect();
    let find = |pair: &(u32, u32)| order.binary_search(pair).map_or(u32::MAX, |i| i as u32);
    let new_codes = pairs.iter().map(|p| p.as_ref().map_or(u32::MAX, find)).collect();
    let new_keys = order.iter().map(|(a, b)| [keys[*a as usize].as_slice(), &[*b]].concat()).collect();
    (new_codes, new_keys)
}

fn part<'a>(expr: &Expr, columns: &Columns<'a>) -> Result<Part, Fault> {
    if let ExprKind::Name(name) = &expr.ungrouped().kind
        && let Some(ColumnData::Factor(factor)) = columns(name)
    {
        let codes = (0..factor.codes.len()).map(|row| factor.codes.get(row).unwrap_or(u32::MAX)).collect();
        return Ok(Part { name: name.clone(), codes, levels: factor.levels.clone(), text: true });
    }
    let name = expr.text();
    match evaluate(expr, columns)? {
        Value::Logical(truths) => {
            let codes = truths.iter().map(|t| t.map_or(u32::MAX, u32::from)).collect();
            Ok(Part { name, codes, levels: vec!["FALSE".into(), "TRUE".into()], text: false })
        }
        Value::Number(numbers) => {
            let (codes, values) = encode(&numbers, usize::MAX).unwrap_or_default();
            Ok(Part { name, codes, levels: values.into_iter().map(level_text).collect(), text: false })
        }
    }
}
