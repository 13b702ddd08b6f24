//! Whether the codes of a list can occur in a column: of the same code system, and not too long.

use super::Context;
use crate::study::cohort::{CohortRules, IndexSource};
use crate::study::covariate::{Covariate, Recode, Source};
use crate::study::extract::{Clean, CodeSpec, CodeSystem, ColumnKind, ColumnSpec, IfInvalid};
use crate::study::{CodeList, Kind, Span};
use indexmap::IndexMap;

impl Context<'_> {
    /// Items of a code list that are longer than the codes of a column can never match.
    pub fn check_reach(&self, list: &CodeList, column: &ColumnSpec, span: &Span) {
        let (ColumnKind::Code(code) | ColumnKind::Codes { code, .. }) = &column.kind else { return };
        let cut = code.clean.iter().filter_map(|step| if let Clean::Cut(n) = step { Some(*n) } else { None }).min();
        let Some(longest) = code.width.into_iter().chain(cut.filter(|_| code.pad_left.is_none())).min() else { return };
        let too_long: Vec<String> = list
            .items
            .iter()
            .filter(|(item, _)| item.length() > longest)
            .map(|(item, _)| format!("`{item}`"))
            .collect();
        if !too_long.is_empty() {
            let shown = too_long.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            let more = if too_long.len() > 5 { format!(" and {} more", too_long.len() - 5) } else { String::new() };
            let rule = format!("{shown}{more} can never match: column `{}` has {longest} characters", column.name);
            self.faults.add(span, rule, "shorten the codes of the list, or cut the column later");
        }
    }

    /// A code means something in its system only: list and column must say the same one, or neither any.
    pub fn check_system(&self, list: &CodeList, column: &ColumnSpec, span: &Span) {
        let (ColumnKind::Code(code) | ColumnKind::Codes { code, .. }) = &column.kind else { return };
        let name = &column.name;
        match (&list.system, &code.system) {
            (Some(wanted), Some(CodeSystem::Is(system))) if wanted != system => {
                let rule = format!("the list is of {wanted} and column `{name}` of {system}: no code can match");
                self.faults.add(span, rule, "use a list of the column's system");
            }
            (Some(wanted), None) => {
                let rule = format!("the list is of {wanted}, and column `{name}` does not say its code system");
                let remedy = format!("set system_column, or system = \"{wanted}\" when all its codes are of it");
                self.faults.add(span, rule, remedy);
            }
            (None, Some(CodeSystem::Column { column: system, .. })) => {
                let rule = format!(
                    "the codes of column `{name}` are of the system that `{system}` says, and the code list names no system"
                );
                self.faults.add(span, rule, "set `system` in the code list");
            }
            _ => {}
        }
    }

    /// The columns that say code systems: codes of the same extract, which can hold the systems that are asked for.
    pub fn check_system_columns(&self, extract: &str, columns: &IndexMap<String, ColumnSpec>) {
        for column in columns.values() {
            let (ColumnKind::Code(code) | ColumnKind::Codes { code, .. }) = &column.kind else { continue };
            let Some(CodeSystem::Column { column: name, blank }) = &code.system else { continue };
            let Some(system) = columns.get(name) else {
                let remedy = crate::study::spec::suggest(name, columns.keys().map(String::as_str));
                let rule = format!("extract `{extract}` declares no column `{name}`");
                self.faults.add(&column.span, rule, remedy);
                continue;
            };
            let ColumnKind::Code(CodeSpec { levels, if_invalid, .. }) = &system.kind else {
                let rule = format!("column `{name}` cannot say the code system");
                self.faults.add(&column.span, rule, "a column of type \"code\" is needed here");
                continue;
            };
            if let (Some(blank), Some(levels)) = (blank, levels)
                && !levels.contains(blank)
            {
                let rule = format!("`blank_system` is \"{blank}\", which is no level of column `{name}`");
                self.faults.add(&column.span, rule, format!("its levels: {}", levels.join(", ")));
            }
            if blank.is_some() && *if_invalid == IfInvalid::Missing {
                let rule =
                    format!("codes of a system that column `{name}` does not know would be taken as `blank_system`");
                let remedy = format!(
                    "take if_invalid = \"missing\" from `{name}`, and add the systems that it has to its levels"
                );
                self.faults.add(&column.span, rule, remedy);
            }
        }
    }

    /// A covariate from the codes of the index event reads rows of the index's code system.
    pub fn check_covariate_systems(&self, cohort: &CohortRules, covariates: &IndexMap<String, Covariate>) {
        for covariate in covariates.values() {
            let Kind::Factor(rules) = &covariate.kind else { continue };
            let Recode::List { list, .. } = &rules.recode else { continue };
            let Some(system) = &list.system else { continue };
            let index = match (&covariate.source, &cohort.index.source) {
                (Source::IndexCodes { .. }, IndexSource::Event { rows, .. }) => rows.codes.as_ref(),
                _ => None,
            };
            let of_index = index.and_then(|codes| self.codelists.get(&codes.codelist)?.system.as_ref());
            if matches!(covariate.source, Source::IndexCodes { .. }) && of_index != Some(system) {
                let rule =
                    format!("covariate `{}` reads codes of {system}, the index event is of another", covariate.name);
                let remedy = "give the code list of [cohort.index] and that of the covariate one `system`";
                self.faults.add(&covariate.span, rule, remedy);
            }
        }
    }
}
