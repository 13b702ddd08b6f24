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
        (codes, keys) = refine(&codes, &keys, &part.codes, part.levels.len());
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
fn refine(codes: &[u32], keys: &[Vec<u32>], by: &[u32], n_levels: usize) -> (Vec<u32>, Vec<Vec<u32>>) {
    /// Most combinations that are numbered through a table; more are searched.
    const LARGEST_TABLE: usize = 1 << 22;
    let width = n_levels.max(1) as u64;
    let pair = |a: u32, b: u32| (a != u32::MAX && b != u32::MAX).then(|| u64::from(a) * width + u64::from(b));
    let pairs = || codes.iter().zip(by).map(|(a, b)| pair(*a, *b));
    let (new_codes, order): (Vec<u32>, Vec<u64>) = if keys.len() * n_levels <= LARGEST_TABLE {
        let mut number = vec![u32::MAX; keys.len() * n_levels];
        pairs().flatten().for_each(|p| number[p as usize] = 0);
        let order: Vec<u64> = (0..number.len() as u64).filter(|p| number[*p as usize] == 0).collect();
        order.iter().enumerate().for_each(|(i, p)| number[*p as usize] = i as u32);
        (pairs().map(|p| p.map_or(u32::MAX, |p| number[p as usize])).collect(), order)
    } else {
        let mut order: Vec<u64> = pairs().flatten().collect();
        order.sort_unstable();
        order.dedup();
        let find = |p: u64| order.binary_search(&p).map_or(u32::MAX, |i| i as u32);
        (pairs().map(|p| p.map_or(u32::MAX, find)).collect(), order)
    };
    let key = |p: &u64| [keys[(p / width) as usize].as_slice(), &[(p % width) as u32]].concat();
    (new_codes, order.iter().map(key).collect())
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
