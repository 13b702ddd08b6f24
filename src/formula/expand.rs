//! From the syntax tree to terms: the algebra of R's `terms()`, the order of terms, and how factors are coded.

use super::expr::{Binary, Expr, ExprKind, Unary};
use super::fault::Fault;
use super::ridge::{Ridge, RidgeCall};
use super::special::{self, Special, VariableKind, response, value_faults};
use super::{Coding, Formula, Term, TermPart, Variable};
use std::ops::Range;

/// Most terms that a formula may expand to; far beyond any model, it bounds the work on `(a + b + …)^20`.
const MOST_TERMS: usize = 5_000;

/// A term while the algebra is worked out: the indices of its variables, ascending, and its first place.
#[derive(Debug, Clone)]
struct Product {
    variables: Vec<usize>,
    span: Range<usize>,
}

/// Works out the terms of the tree of `source`.
pub fn expand(source: &str, tree: &Expr) -> Result<Formula, Vec<Fault>> {
    let (left, right) = match &tree.kind {
        ExprKind::Binary(Binary::Tilde, left, right) => (Some(left), &**right),
        _ => (None, tree),
    };
    let mut algebra = Algebra::default();
    let response = left.and_then(|l| response(l).map_err(|faults| algebra.faults.extend(faults)).ok());
    let products = algebra.terms(right);
    algebra.check_products(&products);
    if !algebra.faults.is_empty() {
        return Err(algebra.faults);
    }
    Ok(algebra.finish(source, response, products))
}

#[derive(Default)]
struct Algebra {
    variables: Vec<Variable>,
    offsets: Vec<(usize, Expr)>,
    clusters: Vec<(usize, Expr)>,
    ridges: Vec<Ridge>,
    faults: Vec<Fault>,
    overflow: bool,
}

impl Algebra {
    /// The products of an expression that stands where terms stand.
    fn terms(&mut self, expr: &Expr) -> Vec<Product> {
        match &expr.kind {
            ExprKind::Group(inner) | ExprKind::Unary(Unary::Plus, inner) => self.terms(inner),
            ExprKind::Unary(Unary::Minus, inner) => {
                self.terms(inner);
                Vec::new()
            }
            ExprKind::Number(1.0) => vec![Product { variables: Vec::new(), span: expr.span.clone() }],
            ExprKind::Number(0.0) => Vec::new(),
            ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Logical(_) => {
                let fault = Fault::new(expr.span.clone(), "a term is a column, not a constant");
                self.faults
                    .push(fault.help("write 1 for a model without covariates; put an odd column name in back-ticks"));
                Vec::new()
            }
            ExprKind::Name(name) if name == "." => {
                let fault = Fault::new(expr.span.clone(), "`.` for all other columns is not understood");
                self.faults.push(fault.help("name the columns"));
                Vec::new()
            }
            ExprKind::Name(_) => self.variable(expr, VariableKind::Column(expr.clone())),
            ExprKind::Call { function, arguments } => match special::special(expr, function, arguments) {
                Ok(Special::Variable(kind)) => self.variable(expr, kind),
                Ok(Special::Offset(value)) => {
                    let products = self.variable(expr, VariableKind::Expression(value.clone()));
                    self.offsets.push((products[0].variables[0], value));
                    products
                }
                Ok(Special::Cluster(column)) => {
                    let products = self.variable(expr, VariableKind::Column(column.clone()));
                    self.clusters.push((products[0].variables[0], column));
                    products
                }
                Ok(Special::Ridge(call)) => self.ridge(expr, call),
                Err(faults) => {
                    self.faults.extend(faults);
                    Vec::new()
                }
            },
            ExprKind::Unary(Unary::Not, _) => self.value(expr),
            ExprKind::Binary(operator, left, right) => self.operator(*operator, expr, left, right),
        }
    }

    /// The products of two expressions with an operator between them.
    fn operator(&mut self, operator: Binary, whole: &Expr, left: &Expr, right: &Expr) -> Vec<Product> {
        match operator {
            Binary::Add => {
                let l = self.terms(left);
                let r = self.terms(right);
                union(l, r)
            }
            Binary::Subtract => {
                let l = self.terms(left);
                let r = self.terms(right);
                l.into_iter().filter(|p| !r.iter().any(|q| q.variables == p.variables)).collect()
            }
            Binary::Multiply => {
                let l = self.terms(left);
                let r = self.terms(right);
                let both = self.cross(&l, &r, &whole.span);
                union(union(l, r), both)
            }
            Binary::Colon => {
                let l = self.terms(left);
                let r = self.terms(right);
                self.cross(&l, &r, &whole.span)
            }
            Binary::In if special::constants(right).is_some() => self.value(whole),
            Binary::In => {
                let l = self.terms(left);
                let r = self.terms(right);
                self.cross(&l, &r, &whole.span)
            }
            Binary::Divide => {
                let l = self.terms(left);
                let r = self.terms(right);
                let mut all: Vec<usize> = l.iter().flat_map(|p| p.variables.iter().copied()).collect();
                all.sort_unstable();
                all.dedup();
                let all = [Product { variables: all, span: left.span.clone() }];
                let nested = self.cross(&all, &r, &whole.span);
                union(l, nested)
            }
            Binary::Power => self.power(left, right),
            Binary::Tilde => {
                self.faults.push(Fault::new(whole.span.clone(), "a formula has one `~`"));
                Vec::new()
            }
            _ => self.value(whole),
        }
    }

    /// `(a + b)^2`: products of up to so many terms.
    fn power(&mut self, left: &Expr, right: &Expr) -> Vec<Product> {
        let base = self.terms(left);
        let times = match &right.ungrouped().kind {
            ExprKind::Number(n) if *n >= 1.0 && *n <= 100.0 && n.fract() == 0.0 => *n as usize,
            _ => {
                let fault = Fault::new(right.span.clone(), "the power of a term is a whole number from 1 on");
                self.faults.push(fault.help("write I(x^2) for the square of a column"));
                return Vec::new();
            }
        };
        let mut out = base.clone();
        for _ in 1..times {
            let next = self.cross(&out, &base, &left.span);
            let grown = union(out.clone(), next);
            if grown.len() == out.len() {
                break;
            }
            out = grown;
        }
        out
    }

    /// Every product of one of `left` and one of `right`.
    fn cross(&mut self, left: &[Product], right: &[Product], span: &Range<usize>) -> Vec<Product> {
        if left.len() * right.len() > 100 * MOST_TERMS {
            self.too_many(span);
            return Vec::new();
        }
        let mut out = Vec::new();
        for l in left {
            for r in right {
                let mut variables = [l.variables.as_slice(), r.variables.as_slice()].concat();
                variables.sort_unstable();
                variables.dedup();
                let span = l.span.start.min(r.span.start)..l.span.end.max(r.span.end);
                out.push(Product { variables, span });
            }
        }
        let out = union(out, Vec::new());
        if out.len() > MOST_TERMS {
            self.too_many(span);
            return Vec::new();
        }
        out
    }

    fn too_many(&mut self, span: &Range<usize>) {
        if !self.overflow {
            self.faults.push(Fault::new(span.clone(), format!("this gives more than {MOST_TERMS} terms")));
        }
        self.overflow = true;
    }

    /// A comparison or other calculation that stands as a term.
    fn value(&mut self, expr: &Expr) -> Vec<Product> {
        match value_faults(expr) {
            Ok(()) => self.variable(expr, VariableKind::Expression(expr.clone())),
            Err(faults) => {
                self.faults.extend(faults);
                Vec::new()
            }
        }
    }

    /// The product of one variable, entered into the list at its first appearance.
    fn variable(&mut self, expr: &Expr, kind: VariableKind) -> Vec<Product> {
        let label = expr.text();
        let index = self.variables.iter().position(|v| v.label == label).unwrap_or_else(|| {
            self.variables.push(Variable { label, kind, span: expr.span.clone() });
            self.variables.len() - 1
        });
        vec![Product { variables: vec![index], span: expr.span.clone() }]
    }

    /// Every column of a ridge term is a variable, and a term, of its own.
    fn ridge(&mut self, expr: &Expr, call: RidgeCall) -> Vec<Product> {
        let mut products = Vec::new();
        for column in &call.columns {
            let label = format!("ridge({})", column.text());
            if self.variables.iter().any(|v| v.label == label) {
                self.faults.push(Fault::new(column.span.clone(), "this column is in a ridge term already"));
                continue;
            }
            let kind = VariableKind::Expression(column.clone());
            self.variables.push(Variable { label, kind, span: column.span.clone() });
            products.push(Product { variables: vec![self.variables.len() - 1], span: expr.span.clone() });
        }
        let variables = products.iter().map(|p| p.variables[0]).collect();
        self.ridges.push(Ridge { label: expr.text(), variables, call });
        products
    }

    /// Offsets and clusters cannot be part of a product, and there is one cluster.
    fn check_products(&mut self, products: &[Product]) {
        for product in products.iter().filter(|p| p.variables.len() > 1) {
            for (list, name) in [(&self.offsets, "offset"), (&self.clusters, "cluster")] {
                if list.iter().any(|(v, _)| product.variables.contains(v)) {
                    let message = format!("`{name}()` cannot be part of an interaction");
                    self.faults.push(Fault::new(product.span.clone(), message).help(format!("add it: … + {name}(x)")));
                }
            }
        }
        for product in products.iter().filter(|p| p.variables.len() > 1) {
            if product.variables.iter().any(|v| matches!(self.variables[*v].kind, VariableKind::Time(_))) {
                let fault = Fault::new(product.span.clone(), "`tt()` cannot be part of an interaction");
                self.faults.push(fault.help("make the product a column of its own and give that to tt()"));
            }
        }
        for product in products.iter().filter(|p| p.variables.len() > 1) {
            if self.ridges.iter().any(|r| r.variables.iter().any(|v| product.variables.contains(v))) {
                let fault = Fault::new(product.span.clone(), "`ridge()` cannot be part of an interaction");
                self.faults.push(fault.help("add it: … + ridge(x, theta = 1)"));
            }
        }
        if let Some((index, _)) = self.clusters.iter().find(|(v, _)| *v != self.clusters[0].0) {
            self.faults.push(Fault::new(self.variables[*index].span.clone(), "a model has one `cluster()`"));
        }
    }

    /// Sorts, codes and names the terms.
    fn finish(self, source: &str, response: Option<special::Response>, mut products: Vec<Product>) -> Formula {
        let present = |v: usize| products.iter().any(|p| p.variables == [v]);
        let offsets = distinct(&self.offsets).filter(|(v, _)| present(*v)).map(|(_, e)| e.clone()).collect();
        let cluster = self.clusters.first().filter(|(v, _)| present(*v)).map(|(_, e)| e.clone());
        let aside: Vec<usize> = self.offsets.iter().chain(&self.clusters).map(|(v, _)| *v).collect();
        products.retain(|p| !p.variables.is_empty() && !p.variables.iter().any(|v| aside.contains(v)));
        products.sort_by_key(|p| p.variables.len());
        let is_strata = |v: usize| matches!(self.variables[v].kind, VariableKind::Strata(_));
        let mut strata: Vec<usize> =
            products.iter().flat_map(|p| p.variables.iter().copied()).filter(|v| is_strata(*v)).collect();
        strata.sort_unstable();
        strata.dedup();
        // Strata that take part in an interaction keep their main effect while factors are coded; R drops only the
        // columns. Otherwise R takes the strata and cluster terms out first and reads the remaining labels anew.
        let in_product = products.iter().any(|p| p.variables.len() > 1 && p.variables.iter().any(|v| is_strata(*v)));
        let main_strata = |p: &Product| p.variables.len() == 1 && is_strata(p.variables[0]);
        let mut order: Vec<usize> = (0..self.variables.len()).collect();
        if !in_product {
            let reread = cluster.is_some() || products.iter().any(main_strata);
            products.retain(|p| !main_strata(p));
            if reread {
                order = order_of_appearance(&products, self.variables.len());
            }
        }
        let ridges = self
            .ridges
            .into_iter()
            .filter(|r| r.variables.iter().all(|v| products.iter().any(|p| p.variables == [*v])))
            .collect();
        let terms = (0..products.len())
            .filter(|i| !main_strata(&products[*i]))
            .map(|i| term(&products, i, &order, &self.variables))
            .collect();
        Formula {
            source: source.to_string(),
            response,
            variables: self.variables,
            terms,
            strata,
            offsets,
            cluster,
            ridges,
        }
    }
}

/// The entries whose variable did not come before.
fn distinct(list: &[(usize, Expr)]) -> impl Iterator<Item = &(usize, Expr)> {
    list.iter().enumerate().filter(|(i, (v, _))| !list[..*i].iter().any(|(w, _)| w == v)).map(|(_, entry)| entry)
}

/// The rank of every variable by its appearance in the labels of the ordered terms.
fn order_of_appearance(products: &[Product], n_variables: usize) -> Vec<usize> {
    let mut rank = vec![usize::MAX; n_variables];
    let mut next = 0;
    for v in products.iter().flat_map(|p| p.variables.iter().copied()) {
        if rank[v] == usize::MAX {
            rank[v] = next;
            next += 1;
        }
    }
    rank
}

/// The term of product `i`, its variables in the order `rank`.
fn term(products: &[Product], i: usize, rank: &[usize], variables: &[Variable]) -> Term {
    let product = &products[i];
    let labels: Vec<&str> = product.variables.iter().map(|v| variables[*v].label.as_str()).collect();
    let mut order = product.variables.clone();
    order.sort_by_key(|v| rank[*v]);
    let parts =
        order.into_iter().map(|variable| TermPart { variable, coding: coding(products, i, variable) }).collect();
    Term { label: labels.join(":"), parts, span: product.span.clone() }
}

/// R's rule (`TermCode` of `model.c`): contrasts when the rest of the term is contained in an earlier term or is empty.
fn coding(products: &[Product], i: usize, variable: usize) -> Coding {
    let rest: Vec<usize> = products[i].variables.iter().copied().filter(|v| *v != variable).collect();
    let contained = |p: &Product| rest.iter().all(|v| p.variables.contains(v));
    if rest.is_empty() || products[..i].iter().any(contained) { Coding::Contrasts } else { Coding::Indicators }
}

/// `left` followed by what is new in `right`, each product once.
fn union(left: Vec<Product>, right: Vec<Product>) -> Vec<Product> {
    let mut seen = std::collections::BTreeSet::new();
    left.into_iter().chain(right).filter(|p| seen.insert(p.variables.clone())).collect()
}
