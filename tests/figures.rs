//! Figures: no label cut or on another one, marks where the numbers are, the same bytes, nothing that was hidden.

use crate::report::sample;
use cohort::house_style::{Language, Style};
use cohort::report::disclosure::{self, Profile};
use cohort::report::figure::{COLUMN_MM, Figure, FigureStyle, PAGE_MM, figures, files, pdf, png};
use cohort::report::number::NumberStyle;
use cohort::report::*;
use cohort::study::ImageFormat;
use insta::assert_snapshot;
use resvg::usvg::{self, Node, Tree};
use std::io::Read;
use std::sync::Arc;

fn style(width_mm: f64) -> FigureStyle {
    FigureStyle { width_mm, ..FigureStyle::default() }
}

fn norwegian(width_mm: f64) -> FigureStyle {
    let numbers = NumberStyle::of(Style::Norwegian, Language::Bokmal);
    FigureStyle { width_mm, numbers, ..FigureStyle::default() }
}

/// Labels of 60 letters: with blanks, without any, with hyphens.
fn long(i: usize) -> String {
    let shapes = [
        "Widowed, separated, divorced or surviving partner, as of year",
        "Arbeidsmarkedstiltaksdeltakelse-og-arbeidsavklaringspenger60",
        "DonaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauAbc",
    ];
    let text: String = shapes[i % 3].chars().take(58).collect();
    format!("{text}{i:02}")
}

fn tree(figure: &Figure) -> Tree {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(include_bytes!("../src/report/figure/fonts/LiberationSans-Regular.ttf").to_vec());
    fonts.load_font_data(include_bytes!("../src/report/figure/fonts/LiberationSans-Bold.ttf").to_vec());
    let options = usvg::Options { dpi: 72.0, fontdb: Arc::new(fonts), ..usvg::Options::default() };
    Tree::from_str(&figure.svg, &options).unwrap()
}

/// Left, top, right and bottom of every text of a picture, with the text.
fn text_boxes(figure: &Figure) -> Vec<(String, [f32; 4])> {
    fn walk(group: &usvg::Group, found: &mut Vec<(String, [f32; 4])>) {
        for node in group.children() {
            match node {
                Node::Group(group) => walk(group, found),
                Node::Text(text) => {
                    let b = text.abs_bounding_box();
                    let words = text.chunks().iter().map(|c| c.text().to_string()).collect::<String>();
                    found.push((words, [b.left(), b.top(), b.right(), b.bottom()]));
                }
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(tree(figure).root(), &mut found);
    found
}

fn texts(figure: &Figure) -> Vec<String> {
    text_boxes(figure).into_iter().map(|(text, _)| text).collect()
}

/// Every text lies on the canvas and on no other text.
fn assert_tidy(figure: &Figure) {
    let size = tree(figure).size();
    let boxes = text_boxes(figure);
    assert!(!boxes.is_empty(), "{}: no text at all", figure.id);
    for (i, (text, [left, top, right, bottom])) in boxes.iter().enumerate() {
        let inside =
            *left >= -0.01 && *top >= -0.01 && *right <= size.width() + 0.01 && *bottom <= size.height() + 0.01;
        assert!(inside, "{} at {} mm: `{text}` leaves the canvas: {:?}", figure.id, figure.width_mm, boxes[i].1);
        for (other, b) in &boxes[i + 1..] {
            // Half a point of the space above and below letters may be shared.
            let apart = *right <= b[0] + 0.01 || b[2] <= left + 0.01 || *bottom <= b[1] + 0.5 || b[3] <= top + 0.5;
            assert!(apart, "{} at {} mm: `{text}` runs into `{other}`", figure.id, figure.width_mm);
        }
    }
}

fn ratio(name: &str, parts: &[(&str, Option<&str>, Option<&str>)], hr: f64, spread: f64) -> Coefficient {
    let part = |(variable, level, versus): &(&str, Option<&str>, Option<&str>)| Part {
        variable: variable.to_string(),
        level: level.map(String::from),
        versus: versus.map(String::from),
        ..Part::default()
    };
    Coefficient {
        name: name.into(),
        parts: parts.iter().map(part).collect(),
        estimate: Some(hr.ln()),
        hr: Some(hr),
        hr_lower: Some(hr / spread),
        hr_upper: Some(hr * spread),
        ..Coefficient::default()
    }
}

fn model(name: &str, coefficients: Vec<Coefficient>) -> ModelResult {
    ModelResult { name: name.into(), coefficients, converged: true, ..ModelResult::default() }
}

fn level(variable: &str, level: &str, label: &str, persons: u64) -> LevelRow {
    let counts = Counts { persons: Some(persons), events: Some(persons / 7), ..Counts::default() };
    LevelRow {
        variable: variable.into(),
        level: level.into(),
        level_label: label.into(),
        counts,
        ..LevelRow::default()
    }
}

/// Forty levels of four variables, all labels of sixty letters, and so many models with names as long.
fn crowded(n_models: usize) -> Report {
    let levels: Vec<LevelRow> = (0..40)
        .map(|i| LevelRow {
            label: long(i / 10),
            ..level(&format!("v{}", i / 10), &i.to_string(), &long(i), 1_234_567 + i as u64)
        })
        .collect();
    let of_model = |m: usize| {
        let of_level = |i: usize| {
            let (variable, own, base) = (format!("v{}", i / 10), i.to_string(), (i / 10 * 10).to_string());
            let spread = if i == 17 { 500.0 } else { 1.2 + i as f64 / 40.0 };
            let hr = (0.4 + i as f64 / 20.0) * (1.0 + m as f64 / 10.0);
            ratio(&format!("{variable}{own}"), &[(&variable, Some(&own), Some(&base))], hr, spread)
        };
        let mut coefficients: Vec<Coefficient> = (0..40).filter(|i| i % 10 > 0).map(of_level).collect();
        coefficients[3].infinite = true;
        coefficients[3].estimate = Some(18.0);
        coefficients[3].hr_upper = None;
        coefficients[5].aliased = true;
        coefficients[5].hr = None;
        coefficients.push(Coefficient { label: long(0), ..ratio("age", &[("age", None, None)], 1.01, 1.001) });
        ModelResult { label: long(m), ..model(&format!("m{m}"), coefficients) }
    };
    Report { levels, models: (0..n_models).map(of_model).collect(), ..Report::default() }
}

fn follow_up() -> Option<FollowUp> {
    Some(FollowUp { scale: "since_index".into(), event: long(0), ..FollowUp::default() })
}

/// Two years of days for so many groups with long names, with two kinds of events.
fn described(n_groups: usize) -> Report {
    let group = |g: usize| {
        let time: Vec<f64> = (1..=730).map(f64::from).collect();
        let at_risk: Vec<f64> = time.iter().map(|t| 123_456.0 - 10.0 * t).collect();
        let risk = |t: f64| 0.4 * (g as f64 + 1.0) / n_groups as f64 * t / 730.0;
        let survival: Vec<f64> = time.iter().map(|t| 1.0 - risk(*t)).collect();
        let limits = |by: f64| survival.iter().map(|s| Some((s + by).min(1.0))).collect::<Vec<_>>();
        let (lower, upper) = (limits(-0.02), limits(0.02));
        let incidence = |cause: &str, share: f64| CauseIncidence {
            cause: cause.into(),
            label: long(g),
            curve: Some(IncidenceCurve {
                events: Vec::new(),
                time: time.clone(),
                at_risk: at_risk.clone(),
                probability: time.iter().map(|t| share * risk(*t)).collect(),
                lower: time.iter().map(|t| Some(0.9 * share * risk(*t))).collect(),
                upper: time.iter().map(|t| Some(1.1 * share * risk(*t))).collect(),
                se: vec![None; time.len()],
            }),
            ..CauseIncidence::default()
        };
        GroupDescription {
            label: long(g),
            incidence: vec![incidence("event", 0.7), incidence("death", 0.1)],
            curve: Some(Curve {
                time: time.clone(),
                at_risk: at_risk.clone(),
                survival,
                lower,
                upper,
                ..Curve::default()
            }),
            ..GroupDescription::default()
        }
    };
    let description = Description {
        formula: "~ g".into(),
        variables: if n_groups > 1 { vec![long(0)] } else { Vec::new() },
        groups: (0..n_groups).map(group).collect(),
        ..Description::default()
    };
    Report { descriptions: vec![description], follow_up: follow_up(), ..Report::default() }
}

/// Everything else that is drawn, with long labels.
fn further() -> Report {
    let cell = |e: usize, m: usize| InteractionCell {
        exposure_level: e.to_string(),
        exposure_label: long(e),
        modifier_level: m.to_string(),
        modifier_label: long(m),
        reference: e == 0,
        persons: Some(1_234_567),
        events: Some(12_345),
        hr: Some(1.0 + e as f64 / 3.0),
        lower: Some(0.7),
        upper: Some(3.0),
        ..InteractionCell::default()
    };
    let cells: Vec<InteractionCell> =
        (0..3).flat_map(|m| (0..4).map(move |e| (e, m))).map(|(e, m)| cell(e, m)).collect();
    let interaction = Interaction {
        exposure: "a".into(),
        exposure_label: long(0),
        modifier: "b".into(),
        modifier_label: long(1),
        within: cells.clone(),
        joint: cells,
        converged: true,
        ..Interaction::default()
    };
    let point = |k: usize| TimePoint {
        time: Some(18.25 * (k as f64 + 1.0)),
        transformed: Some(1.0 - (-0.05 * k as f64).exp()),
        estimate: Some(0.3 - 0.01 * k as f64),
        lower: Some(0.1 - 0.01 * k as f64),
        upper: Some(0.5 - 0.01 * k as f64),
        share: None,
    };
    let smooth = |i: usize| TimeSmooth {
        coefficient: format!("x{i}"),
        label: long(i),
        curve: (0..40).map(point).collect(),
        at: Vec::new(),
    };
    let coefficients = (0..5).map(|i| ratio(&format!("x{i}"), &[(&format!("x{i}"), None, None)], 1.3, 1.2)).collect();
    let tests = ProportionalHazards {
        transform: "km".into(),
        smooths: (0..5).map(smooth).collect(),
        ..ProportionalHazards::default()
    };
    let risk = |time: f64, l: usize| StandardisedRow {
        time,
        level: l.to_string(),
        level_label: long(l),
        records: Some(1_234_567),
        events: Some(1234),
        risk: Measure { estimate: Some(0.1 + l as f64 / 50.0), se: None, lower: Some(0.09), upper: Some(0.2) },
        ..StandardisedRow::default()
    };
    let standardised = StandardisedRisks {
        exposure: "a".into(),
        exposure_label: long(2),
        rows: [365.0, 730.0].into_iter().flat_map(|t| (0..5).map(move |l| (t, l))).map(|(t, l)| risk(t, l)).collect(),
        ..StandardisedRisks::default()
    };
    let steps = |slope: f64| CurveSteps {
        time: (1..=730).map(f64::from).collect(),
        survival: (1..=730).map(|t| Some(1.0 - slope * f64::from(t))).collect(),
        lower: (1..=730).map(|t| Some(0.98 - slope * f64::from(t))).collect(),
        upper: (1..=730).map(|t| Some(1.0 - 0.9 * slope * f64::from(t))).collect(),
        ..CurveSteps::default()
    };
    let curve =
        |i: usize| SurvivalCurve { label: long(i), steps: steps(0.0003 * (i as f64 + 1.0)), ..Default::default() };
    let along = |from: f64, to: f64| -> Vec<CurveRatio> {
        let at = |k: usize| from + (to - from) * k as f64 / 30.0;
        let hr = |k: usize| (0.1 * (k as f64 - 15.0)).exp();
        let one = |k| CurveRatio { at: at(k), hr: Some(hr(k)), lower: Some(0.5 * hr(k)), upper: Some(2.0 * hr(k)) };
        (0..=30).map(one).collect()
    };
    let number = |i: usize| RatiosAt {
        column: format!("n{i}"),
        label: long(i),
        curve: along(1e6 * i as f64, 1e6 * i as f64 + 123_456.0),
        ..RatiosAt::default()
    };
    let in_time = |i: usize| TimeVarying {
        variable: "a".into(),
        label: long(0),
        level: Some(i.to_string()),
        level_label: long(i),
        curve: along(3.0, 728.0),
        ..TimeVarying::default()
    };
    let model = ModelResult {
        label: long(1),
        ratios_at: (0..4).map(number).collect(),
        time_varying: (0..5).map(in_time).collect(),
        interactions: vec![interaction],
        proportional_hazards: Some(tests),
        standardised: vec![standardised],
        curves: (0..3).map(curve).collect(),
        ..model("m", coefficients)
    };
    let step = |i: usize| AttritionStep {
        step: i,
        label: long(i),
        persons: Some(12_345_678 - i as u64),
        excluded: (i > 0).then_some(1_234_567),
        ..AttritionStep::default()
    };
    let link = |i: usize| Link {
        extract: long(i),
        keys: Some(12_345_678),
        matched: Some(12_345_678),
        rows: Some(123_456_789),
        rows_matched: Some(123_456_789),
        ..Link::default()
    };
    Report {
        models: vec![model],
        attrition: (0..8).map(step).collect(),
        links: (0..7).map(link).collect(),
        exits: (0..5).map(|i| ExitCount { reason: long(i), persons: Some(1_234_567), hidden: false }).collect(),
        follow_up: follow_up(),
        ..Report::default()
    }
}

#[test]
fn long_labels_never_overlap_or_leave_the_canvas() {
    let reports = [crowded(1), crowded(2), crowded(4), described(1), described(3), described(9), further(), sample()];
    let mut n = 0;
    for report in &reports {
        for style in [style(COLUMN_MM), style(120.0), style(PAGE_MM), norwegian(COLUMN_MM), norwegian(PAGE_MM)] {
            let drawn = figures(report, &style);
            assert!(!drawn.is_empty());
            n += drawn.len();
            drawn.iter().for_each(assert_tidy);
        }
    }
    assert!(n > 100, "{n} figures");
}

#[test]
fn the_width_that_was_measured_is_the_width_that_is_drawn() {
    let report = crowded(1);
    for figure in figures(&report, &style(PAGE_MM)) {
        // Without `textLength` the font alone says how wide a text is.
        let free = figure.svg.split(" textLength=\"").map(|s| s.split_once('"').map_or(s, |(_, rest)| rest));
        let first = figure.svg.split(" textLength=\"").next().unwrap();
        let svg = std::iter::once(first).chain(free.skip(1)).collect::<String>();
        assert!(!svg.contains("textLength"));
        let measured = text_boxes(&figure);
        let drawn = text_boxes(&Figure { svg, ..figure.clone() });
        for ((text, m), (_, d)) in measured.iter().zip(&drawn) {
            assert!((m[2] - m[0] - d[2] + d[0]).abs() < 0.02, "{text}: {m:?} {d:?}");
        }
    }
}

/// The x of the middle of every mark: squares are paths `Mx yH..V..H..Z` with an outline of 0.75.
fn squares(figure: &Figure) -> Vec<f64> {
    let lines = figure.svg.lines().filter(|l| l.contains("stroke-width=\"0.75\"") && l.contains("Z\""));
    let middle = |line: &str| {
        let path = line.split('"').nth(1).unwrap();
        let left: f64 = path[1..].split([' ', 'H']).next().unwrap().parse().unwrap();
        let right: f64 = path.split('H').nth(1).unwrap().split('V').next().unwrap().parse().unwrap();
        (left + right) / 2.0
    };
    lines.map(middle).collect()
}

/// (x1, x2) of every horizontal line that an interval is.
fn intervals(figure: &Figure) -> Vec<(f64, f64)> {
    let lines = figure.svg.lines().filter(|l| l.contains("stroke-width=\"0.9\""));
    let ends = |line: &str| {
        let path = line.split('"').nth(1).unwrap();
        let x: Vec<f64> = path[1..].split('L').map(|p| p.split(' ').next().unwrap().parse().unwrap()).collect();
        (x[0], x[1])
    };
    lines.map(ends).collect()
}

#[test]
fn marks_stand_where_the_hazard_ratios_are() {
    let levels = ["a", "b", "c"].map(|l| level("g", l, l, 100)).to_vec();
    let part = |l: &'static str| [("g", Some(l), Some("a"))];
    let coefficients = vec![ratio("gb", &part("b"), 0.5, 1.5), ratio("gc", &part("c"), 2.0, 1.5)];
    let report = Report { levels, models: vec![model("m", coefficients)], ..Report::default() };
    let figure = &figures(&report, &style(PAGE_MM))[0];
    let [reference, half, double] = squares(figure)[..] else { panic!("three marks") };
    assert!((reference - half - (double - reference)).abs() < 0.02, "{reference} {half} {double}");
    // A factor of 1.5 is ln 1.5 / ln 2 of the way from 1 to 2.
    let reach = (double - reference) * 1.5f64.ln() / 2f64.ln();
    for ((low, high), middle) in intervals(figure).into_iter().zip([half, double]) {
        assert!((middle - low - reach).abs() < 0.02 && (high - middle - reach).abs() < 0.02);
    }
}

#[test]
fn what_leaves_the_axis_gets_an_arrow_and_what_diverges_no_mark() {
    let levels: Vec<LevelRow> = (0..9).map(|i| level("g", &i.to_string(), &i.to_string(), 100)).collect();
    let of = |i: usize, spread: f64| {
        ratio(&format!("g{i}"), &[("g", Some(&i.to_string()), Some("0"))], 1.0 + i as f64 / 10.0, spread)
    };
    let mut coefficients: Vec<Coefficient> = (1..9).map(|i| of(i, 1.3)).collect();
    let plain = Report { levels, models: vec![model("m", coefficients.clone())], ..Report::default() };
    let arrows = |report: &Report| {
        let figure = figures(report, &style(PAGE_MM)).remove(0);
        let heads = figure.svg.lines().filter(|l| l.starts_with("<path") && !l.contains("stroke")).count();
        (heads, squares(&figure).len(), figure.caption.contains("Arrows"))
    };
    assert_eq!(arrows(&plain), (0, 9, false));
    coefficients[2] = of(3, 100.0);
    let wide = Report { models: vec![model("m", coefficients.clone())], ..plain.clone() };
    assert_eq!(arrows(&wide), (2, 9, true));
    coefficients[2] =
        Coefficient { infinite: true, estimate: Some(20.0), hr_lower: Some(1.4), hr_upper: None, ..of(3, 2.0) };
    let diverged = Report { models: vec![model("m", coefficients)], ..plain };
    assert_eq!(arrows(&diverged), (1, 8, true));
}

#[test]
fn numbers_at_risk_stand_under_their_times() {
    let figure = figures(&described(1), &style(PAGE_MM)).remove(0);
    let boxes = text_boxes(&figure);
    let middle = |text: &str| {
        let found = boxes.iter().find(|(t, _)| t == text);
        let (_, b) = found.unwrap_or_else(|| panic!("no `{text}` in {:?}", texts(&figure)));
        (b[0] + b[2]) / 2.0
    };
    // Twelve months are 365.25 days: the next exit is that of day 366.
    for (tick, at_risk) in [("0", "123,446"), ("12", "119,796")] {
        assert!((middle(tick) - middle(at_risk)).abs() < 0.02);
    }
}

#[test]
fn standardised_risks_at_many_times_are_curves() {
    let mut report = further();
    let risks = &mut report.models[0].standardised[0];
    let few = risks.rows.clone();
    risks.rows = (1..=8)
        .flat_map(|k| few[..3].iter().map(move |row| StandardisedRow { time: 91.0 * f64::from(k), ..row.clone() }))
        .collect();
    for style in [style(COLUMN_MM), norwegian(PAGE_MM)] {
        let drawn = figures(&report, &style);
        drawn.iter().for_each(assert_tidy);
        let of_risks: Vec<&Figure> = drawn.iter().filter(|f| f.id.starts_with("standardised")).collect();
        assert_eq!(of_risks.len(), 1);
        let lines = of_risks[0].svg.lines().filter(|l| l.contains("stroke-width=\"1.2\"") && l.contains('L')).count();
        assert!(lines >= 3, "{lines} lines");
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let report = further();
    let all = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| files(&report, &style(COLUMN_MM), &ImageFormat::ALL).unwrap())
    };
    let (one, two) = (all(1), all(2));
    assert!(one.len() >= 15, "{}", one.len());
    for (a, b) in one.iter().zip(&two) {
        assert!(a == b, "{} differs", a.name);
    }
    let mut names: Vec<&str> = one.iter().map(|f| f.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), one.len(), "two figures of one name");
}

#[test]
fn a_png_says_its_resolution_and_has_the_size_of_the_figure() {
    let figure = figures(&sample(), &style(COLUMN_MM)).remove(0);
    let bytes = png(&figure).unwrap();
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let (width, height) = (number(16), number(20));
    assert_eq!(width, 1004); // 85 mm at 300 dots per inch
    assert_eq!(height, (figure.height_mm / 25.4 * 300.0).ceil() as u32);
    let place = bytes.windows(4).position(|w| w == b"pHYs").unwrap();
    assert_eq!((number(place + 4), number(place + 8), bytes[place + 12]), (11811, 11811, 1));
    let data = bytes.windows(4).position(|w| w == b"IDAT").unwrap();
    let mut pixels = Vec::new();
    flate2::read::ZlibDecoder::new(&bytes[data + 4..]).read_to_end(&mut pixels).unwrap();
    // A pixel is the place of its colour in the palette; the first one, in a corner, is white, and something is black.
    assert_eq!(pixels.len(), (height * (width + 1)) as usize);
    let place = bytes.windows(4).position(|w| w == b"PLTE").unwrap();
    let n_colours = number(place - 4) as usize / 3;
    let palette: Vec<&[u8]> = bytes[place + 4..].chunks_exact(3).take(n_colours).collect();
    assert_eq!(palette[0], [255; 3]);
    assert!(palette.contains(&&[0u8; 3][..]));
    for line in pixels.chunks_exact(width as usize + 1) {
        assert_eq!((line[0], line[1]), (0, 0));
        assert!(line.iter().all(|pixel| usize::from(*pixel) < n_colours));
    }
}

#[test]
fn a_pdf_embeds_its_font_and_has_no_date() {
    let figure = figures(&sample(), &style(PAGE_MM)).remove(0);
    let bytes = pdf(&figure).unwrap();
    let holds = |what: &str| bytes.windows(what.len()).any(|w| w == what.as_bytes());
    assert!(bytes.starts_with(b"%PDF-") && holds("LiberationSans") && holds("/ToUnicode") && holds("FontFile"));
    assert!(!holds("CreationDate") && !holds("ModDate") && !holds("CreateDate"));
    assert!(bytes.len() < 60_000, "{} bytes: the whole font is 400 000", bytes.len());
}

#[test]
fn figures_of_the_exported_report_hold_no_hidden_number() {
    let (exported, _) = disclosure::apply(&sample(), &Profile::named("dk-dst").unwrap());
    let inside: String = figures(&sample(), &style(PAGE_MM)).iter().flat_map(texts).collect::<Vec<_>>().join("\n");
    let outside: Vec<String> = figures(&exported, &style(PAGE_MM)).iter().flat_map(texts).collect();
    // Persons excluded at the last step (2), and those with an event in a small cell (2).
    assert!(inside.contains("Persons excluded: 2\n") && !outside.iter().any(|t| t == "Persons excluded: 2"));
    assert!(outside.iter().any(|t| t == "Persons excluded: ."));
    let mut report = described(3);
    report.descriptions[0].groups.iter_mut().for_each(|g| g.events = Some(1000));
    let (exported, _) = disclosure::apply(&report, &Profile::named("dk-dst").unwrap());
    assert!(!figures(&report, &style(PAGE_MM)).is_empty());
    assert!(figures(&exported, &style(PAGE_MM)).is_empty(), "a step of a curve is an event");
}

#[test]
fn figures_can_stand_in_one_page_and_be_read_aloud() {
    let drawn = figures(&further(), &norwegian(PAGE_MM));
    let mut ids: Vec<String> = Vec::new();
    for figure in &drawn {
        let svg = &figure.svg;
        assert!(svg.contains("role=\"img\"") && svg.contains("<title id=") && svg.contains("<desc id="));
        assert!(svg.contains("lang=\"nb\"") && !figure.caption.is_empty() && !figure.title.is_empty());
        assert!(!svg.contains("<style") && !svg.contains("http://www.w3.org/1999/xlink"));
        ids.extend(svg.split(" id=\"").skip(1).map(|s| s.split('"').next().unwrap().to_string()));
    }
    let n = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), n, "ids repeat");
}

#[test]
fn a_forest_plot_of_a_data_file_has_every_level_and_number() {
    let part = |l: &'static str| [("group", Some(l), Some("a"))];
    let coefficients = vec![
        ratio("groupb", &part("b"), 0.8, 1.2),
        ratio("age", &[("age", None, None)], 1.02, 1.01),
        ratio("groupb:age", &[("group", Some("b"), Some("a")), ("age", None, None)], 0.99, 1.01),
    ];
    let report = Report { models: vec![model("model", coefficients)], ..Report::default() };
    let figure = figures(&report, &style(PAGE_MM)).remove(0);
    assert_snapshot!(texts(&figure).join("\n"), @r##"
HR (95% CI)
group
a
1 (reference)
b
0.80 (0.67–0.96)
Per unit
age
1.02 (1.01–1.03)
Product terms: ratios of hazard
ratios
groupb:age
0.99 (0.98–1.00)
0.6
0.7
0.8
0.9
1
1.1
Hazard ratio (log scale)
"##);
    assert_snapshot!(figure.caption, @r##"Hazard ratios (marks) with 95% confidence intervals (lines), on a logarithmic axis. model: group at the reference of age, because the model holds their interaction. model: age at the reference of group, because the model holds their interaction."##);
}

#[test]
fn a_small_forest_plot_as_svg() {
    let levels = ["a", "b"].map(|l| level("g", l, l, 1234)).to_vec();
    let coefficients = vec![ratio("gb", &[("g", Some("b"), Some("a"))], 0.5, 1.5)];
    let report = Report { levels, models: vec![model("m", coefficients)], ..Report::default() };
    assert_snapshot!(figures(&report, &style(COLUMN_MM))[0].svg, @r##"
<svg xmlns="http://www.w3.org/2000/svg" id="figure-forest" width="85mm" height="24.02mm" viewBox="0 0 240.94 68.1" role="img" lang="en" aria-labelledby="figure-forest-title figure-forest-desc">
<title id="figure-forest-title">Hazard ratios</title>
<desc id="figure-forest-desc">Hazard ratios (marks) with 95% confidence intervals (lines), on a logarithmic axis.</desc>
<rect width="240.94" height="68.1" fill="#ffffff"/>
<g font-family="Figure Sans, Liberation Sans, Arimo, Arial, Helvetica, sans-serif" font-size="6" fill="#000000">
<text x="42.62" y="11.7" textLength="23.68" text-anchor="end" font-weight="bold">Persons</text>
<text x="68.9" y="11.7" textLength="19.68" text-anchor="end" font-weight="bold">Events</text>
<text x="193.91" y="11.7" textLength="34" font-weight="bold">HR (95% CI)</text>
<line x1="3" y1="13.8" x2="237.94" y2="13.8" stroke="#000000" stroke-width="0.5"/>
<line x1="179.21" y1="15.6" x2="179.21" y2="45.3" stroke="#9a9a9a" stroke-width="0.5"/>
<text x="3" y="22.23" textLength="3.67" font-weight="bold">g</text>
<text x="9" y="32.13" textLength="3.34">a</text>
<text x="42.62" y="32.13" textLength="15.01" text-anchor="end">1,234</text>
<text x="68.9" y="32.13" textLength="10.01" text-anchor="end">176</text>
<text x="193.91" y="32.13" textLength="34.35">1 (reference)</text>
<path d="M177.41 28.27H181.01V31.87H177.41Z" fill="#ffffff" stroke="#000000" stroke-width="0.75"/>
<text x="9" y="42.03" textLength="3.34">b</text>
<text x="42.62" y="42.03" textLength="15.01" text-anchor="end">1,234</text>
<text x="68.9" y="42.03" textLength="10.01" text-anchor="end">176</text>
<text x="193.91" y="42.03" textLength="44.03">0.50 (0.33–0.75)</text>
<path d="M85.78 39.97L154.74 39.97" fill="none" stroke-linejoin="round" stroke="#000000" stroke-width="0.9"/>
<path d="M118.4 38.11H122.12V41.83H118.4Z" fill="#000000" stroke="#000000" stroke-width="0.75"/>
<line x1="76.82" y1="45.3" x2="187.31" y2="45.3" stroke="#000000" stroke-width="0.5"/>
<line x1="76.82" y1="45.3" x2="76.82" y2="47.8" stroke="#000000" stroke-width="0.5"/>
<text x="76.82" y="54.6" textLength="8.34" text-anchor="middle">0.3</text>
<line x1="120.26" y1="45.3" x2="120.26" y2="47.8" stroke="#000000" stroke-width="0.5"/>
<text x="120.26" y="54.6" textLength="8.34" text-anchor="middle">0.5</text>
<line x1="148.87" y1="45.3" x2="148.87" y2="47.8" stroke="#000000" stroke-width="0.5"/>
<text x="148.87" y="54.6" textLength="8.34" text-anchor="middle">0.7</text>
<line x1="179.21" y1="45.3" x2="179.21" y2="47.8" stroke="#000000" stroke-width="0.5"/>
<text x="179.21" y="54.6" textLength="3.34" text-anchor="middle">1</text>
<text x="132.07" y="62.1" textLength="62.02" text-anchor="middle">Hazard ratio (log scale)</text>
</g>
</svg>
"##);
}

#[test]
fn a_small_flow_chart_as_svg() {
    let step = |step, label: &str, persons, excluded| AttritionStep {
        step,
        label: label.into(),
        persons: Some(persons),
        excluded,
        ..AttritionStep::default()
    };
    let attrition = vec![step(0, "befolkningen", 2000, None), step(1, "18 til 65 år", 1500, Some(500))];
    let report = Report { attrition, ..Report::default() };
    assert_snapshot!(figures(&report, &norwegian(COLUMN_MM))[0].svg, @r##"
<svg xmlns="http://www.w3.org/2000/svg" id="figure-flow" width="85mm" height="24.15mm" viewBox="0 0 240.94 68.46" role="img" lang="nb" aria-labelledby="figure-flow-title figure-flow-desc">
<title id="figure-flow-title">Flyt av personer</title>
<desc id="figure-flow-desc">Kobling av uttrekkene, personer igjen og ekskludert i hvert trinn, og hvordan oppfølgingen endte.</desc>
<rect width="240.94" height="68.46" fill="#ffffff"/>
<g font-family="Figure Sans, Liberation Sans, Arimo, Arial, Helvetica, sans-serif" font-size="6" fill="#000000">
<path d="M81.94 34.23L172.89 34.23" fill="none" stroke-linejoin="round" stroke="#000000" stroke-width="0.6"/>
<path d="M172.89 34.23L168.89 32.03L168.89 36.43Z" fill="#000000"/>
<path d="M81.94 22.8L81.94 45.66" fill="none" stroke-linejoin="round" stroke="#000000" stroke-width="0.6"/>
<path d="M81.94 45.66L79.74 41.66L84.14 41.66Z" fill="#000000"/>
<rect x="3" y="3" width="157.89" height="19.8" fill="#ffffff" stroke="#000000" stroke-width="0.6"/>
<text x="7.2" y="11.13" textLength="34.03">befolkningen</text>
<text x="7.2" y="18.33" textLength="25.05" font-weight="bold">n = 2 000</text>
<rect x="172.89" y="27.93" width="65.06" height="12.6" fill="#ffffff" stroke="#000000" stroke-width="0.6"/>
<text x="177.09" y="36.06" textLength="55.7">Personer utelatt: 500</text>
<rect x="3" y="45.66" width="157.89" height="19.8" fill="#ffffff" stroke="#000000" stroke-width="0.6"/>
<text x="7.2" y="53.79" textLength="28.02">18 til 65 år</text>
<text x="7.2" y="60.99" textLength="25.05" font-weight="bold">n = 1 500</text>
</g>
</svg>
"##);
}

#[test]
fn a_small_survival_curve_as_svg() {
    let curve = Curve {
        time: vec![1.0, 2.0, 4.0],
        at_risk: vec![10.0, 8.0, 4.0],
        survival: vec![0.9, 0.675, 0.45],
        lower: vec![Some(0.7), Some(0.4), Some(0.2)],
        upper: vec![Some(1.0), Some(0.9), Some(0.8)],
        ..Curve::default()
    };
    let group = GroupDescription { curve: Some(curve), ..GroupDescription::default() };
    let description = Description { groups: vec![group], ..Description::default() };
    let report = Report { descriptions: vec![description], ..Report::default() };
    assert_snapshot!(figures(&report, &style(COLUMN_MM))[0].svg, @r##"
<svg xmlns="http://www.w3.org/2000/svg" id="figure-survival" width="85mm" height="64.5mm" viewBox="0 0 240.94 182.84" role="img" lang="en" aria-labelledby="figure-survival-title figure-survival-desc">
<title id="figure-survival-title">Survival</title>
<desc id="figure-survival-desc">Survival (Kaplan-Meier estimate). Bands are 95% confidence intervals.</desc>
<rect width="240.94" height="182.84" fill="#ffffff"/>
<g font-family="Figure Sans, Liberation Sans, Arimo, Arial, Helvetica, sans-serif" font-size="6" fill="#000000">
<path d="M26.54 7.8L131.41 7.8L131.41 20.8L236.28 20.8L236.28 33.81L236.28 111.83L236.28 85.82L131.41 85.82L131.41 46.81L78.97 46.81L78.97 7.8L26.54 7.8Z" fill="#000000" fill-opacity="0.16"/>
<path d="M26.54 7.8L78.97 7.8L78.97 20.8L131.41 20.8L131.41 50.06L236.28 50.06L236.28 79.32" fill="none" stroke-linejoin="round" stroke="#000000" stroke-width="1.2"/>
<line x1="26.54" y1="7.8" x2="26.54" y2="137.84" stroke="#000000" stroke-width="0.5"/>
<line x1="26.54" y1="137.84" x2="236.28" y2="137.84" stroke="#000000" stroke-width="0.5"/>
<line x1="24.04" y1="137.84" x2="26.54" y2="137.84" stroke="#000000" stroke-width="0.5"/>
<text x="22.54" y="139.9" textLength="8.34" text-anchor="end">0.0</text>
<line x1="24.04" y1="111.83" x2="26.54" y2="111.83" stroke="#000000" stroke-width="0.5"/>
<text x="22.54" y="113.89" textLength="8.34" text-anchor="end">0.2</text>
<line x1="24.04" y1="85.82" x2="26.54" y2="85.82" stroke="#000000" stroke-width="0.5"/>
<text x="22.54" y="87.89" textLength="8.34" text-anchor="end">0.4</text>
<line x1="24.04" y1="59.81" x2="26.54" y2="59.81" stroke="#000000" stroke-width="0.5"/>
<text x="22.54" y="61.88" textLength="8.34" text-anchor="end">0.6</text>
<line x1="24.04" y1="33.81" x2="26.54" y2="33.81" stroke="#000000" stroke-width="0.5"/>
<text x="22.54" y="35.87" textLength="8.34" text-anchor="end">0.8</text>
<line x1="24.04" y1="7.8" x2="26.54" y2="7.8" stroke="#000000" stroke-width="0.5"/>
<text x="22.54" y="9.86" textLength="8.34" text-anchor="end">1.0</text>
<line x1="26.54" y1="137.84" x2="26.54" y2="140.34" stroke="#000000" stroke-width="0.5"/>
<text x="26.54" y="147.14" textLength="3.34" text-anchor="middle">0</text>
<line x1="78.97" y1="137.84" x2="78.97" y2="140.34" stroke="#000000" stroke-width="0.5"/>
<text x="78.97" y="147.14" textLength="3.34" text-anchor="middle">1</text>
<line x1="131.41" y1="137.84" x2="131.41" y2="140.34" stroke="#000000" stroke-width="0.5"/>
<text x="131.41" y="147.14" textLength="3.34" text-anchor="middle">2</text>
<line x1="183.84" y1="137.84" x2="183.84" y2="140.34" stroke="#000000" stroke-width="0.5"/>
<text x="183.84" y="147.14" textLength="3.34" text-anchor="middle">3</text>
<line x1="236.28" y1="137.84" x2="236.28" y2="140.34" stroke="#000000" stroke-width="0.5"/>
<text x="236.28" y="147.14" textLength="3.34" text-anchor="middle">4</text>
<text x="131.41" y="153.47" textLength="13.11" text-anchor="middle">Time</text>
<text x="3" y="166.07" textLength="42.01" font-weight="bold">Number at risk</text>
<text x="26.54" y="173.27" textLength="6.67" text-anchor="middle">10</text>
<text x="78.97" y="173.27" textLength="6.67" text-anchor="middle">10</text>
<text x="131.41" y="173.27" textLength="3.34" text-anchor="middle">8</text>
<text x="183.84" y="173.27" textLength="3.34" text-anchor="middle">4</text>
<text x="236.28" y="173.27" textLength="3.34" text-anchor="middle">4</text>
<text x="8.43" y="72.82" textLength="21.34" text-anchor="middle" transform="rotate(-90 8.43 72.82)">Survival</text>
</g>
</svg>
"##);
}

#[test]
fn a_study_and_a_data_file_write_the_figures_that_are_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("results");
    let names = |args: &[&str], folder: &str| {
        let mut all = vec!["--out", out.to_str().unwrap(), "--overwrite", "--format", "none"];
        all.splice(0..0, args.iter().copied());
        let run = std::process::Command::new(env!("CARGO_BIN_EXE_cohort")).args(&all).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let mut names: Vec<String> = std::fs::read_dir(out.join(folder))
            .map(|files| files.map(|f| f.unwrap().file_name().into_string().unwrap()).collect())
            .unwrap_or_default();
        names.sort();
        names
    };
    let lung = "data-fixtures/reference/data/lung.csv";
    let fit = ["fit", lung, "--formula", "Surv(time, status == 2) ~ age + factor(sex)"];
    assert_eq!(names(&fit, "internal/figures"), ["forest.pdf", "forest.svg"]);
    let with = |more: &[&'static str]| [&fit[..], more].concat();
    assert_eq!(names(&with(&["--figures", "none"]), "internal/figures"), [""; 0]);
    let narrow = with(&["--figures", "png,svg", "--figure-width", "85"]);
    assert_eq!(names(&narrow, "internal/figures"), ["forest.png", "forest.svg"]);
    let svg = std::fs::read_to_string(out.join("internal/figures/forest.svg")).unwrap();
    assert!(svg.contains("width=\"85mm\""));
    // The font of its letters, regular and bold, comes with the file.
    assert_eq!(svg.matches("@font-face{font-family:\"Figure Sans\"").count(), 2);
    assert_eq!(svg.matches("src:url(data:font/ttf;base64,").count(), 2);
    let describe = ["describe", lung, "--formula", "Surv(time, status == 2) ~ factor(sex)", "--figures", "svg"];
    assert_eq!(names(&describe, "internal/figures"), ["survival.svg"]);
    // Drawn again from the results, without the data, they are the same bytes.
    let drawn = std::fs::read(out.join("internal/figures/survival.svg")).unwrap();
    let (results, again) = (out.join("internal/results.json"), place.path().join("again"));
    let args = ["report", results.to_str().unwrap(), "--figures", "svg", "--out", again.to_str().unwrap()];
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_cohort")).args(args).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(std::fs::read(again.join("figures/survival.svg")).unwrap() == drawn);
}

/// The line of a hazard ratio along a number passes 1 at its reference, and its ends are those of the curve; nothing of it
/// leaves under a profile that hides.
#[test]
fn hazard_ratios_along_a_number_are_drawn_and_do_not_leave_under_a_profile_that_hides() {
    let at = |x: f64| CurveRatio {
        at: x,
        hr: Some(2f64.powf(x)),
        lower: Some(2f64.powf(x) / 2.0),
        upper: Some(2f64.powf(x) * 2.0),
    };
    let curve: Vec<CurveRatio> = (-8..=8).map(|k| at(f64::from(k) / 4.0)).collect();
    let of = RatiosAt { column: "x".into(), curve, ..RatiosAt::default() };
    let model = ModelResult { ratios_at: vec![of], ..model("m", Vec::new()) };
    let report = Report { models: vec![model], ..Report::default() };
    let drawn = figures(&report, &style(PAGE_MM));
    assert_eq!(drawn.iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), ["hr_along_m"]);
    for tick in [">-2<", ">2<", ">0.25<", ">4<"] {
        assert!(drawn[0].svg.replace('−', "-").contains(tick), "{tick} {}", drawn[0].svg);
    }
    let (exported, _) = disclosure::apply(&report, &Profile::named("dk-dst").expect("a profile"));
    assert!(figures(&exported, &style(PAGE_MM)).is_empty());
    let (exported, _) = disclosure::apply(&report, &Profile::none());
    assert_eq!(figures(&exported, &style(PAGE_MM)), drawn);
}
