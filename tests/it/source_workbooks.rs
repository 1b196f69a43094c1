//! Workbooks as spreadsheet programs save them: tests/data/workbooks, by XlsxWriter, openpyxl and odfpy.

use std::fs;

use crate::{
    pulling::{FLOW, check, kpid, pull, refused},
    source_examples::source,
    world::kpid::Kpid,
};

fn connection(more: &str) -> (&'static str, String) {
    ("files", format!("{{ csv: {{ folder: ., {more} }} }}"))
}

/// With all workbooks in its folder.
fn with_workbooks(connection: (&'static str, String), sources: &[(&str, &str)]) -> Kpid {
    let kpis: Vec<_> = sources.iter().map(|(id, source)| (*id, FLOW, *source)).collect();
    let kpid = kpid(&[connection], &kpis);
    let workbooks = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/workbooks");
    for file in fs::read_dir(workbooks).unwrap() {
        let path = file.unwrap().path();
        fs::copy(&path, kpid.folder().join(path.file_name().unwrap())).unwrap();
    }
    kpid
}

#[tokio::test]
async fn a_workbook_gives_the_figures_that_stand_in_its_cells() {
    let by = |more: &str| format!("csv: {{ from: files, reading: series, {more} }}");
    let umsatz = "file: revenue.xlsx, sheet: umsatz, period: Monat";
    let cases = [
        ("plain", by("file: plain.xlsx"), "41.5 x for 2026-05"),
        ("example", source("Revenue by month, from a workbook"), "41.5 x for 2026-05"),
        (
            "range",
            by(
                "file: revenue.xlsx, sheet: Umsatz, range: \"B4:D7\", period: monat, value: UMSATZ, aggregate: max",
            ),
            "21.25 x for 2026-05",
        ),
        (
            "paid",
            by(&format!(
                "{umsatz}, value: Umsatz, until: Summe, aggregate: sum, where: {{ Status: bezahlt }}"
            )),
            "20.25 x for 2026-05",
        ),
        (
            "share",
            by(&format!("{umsatz}, value: Anteil, until: Summe, aggregate: min")),
            "0.25 x for 2026-05",
        ),
        (
            "table",
            by("file: revenue.xlsx, table: orders, period: Day, value: Sum"),
            "2 x for 2026-05",
        ),
        (
            "text",
            by("file: revenue.xlsx, table: Orders, period: Day, value: Text, strip: \"€\""),
            "2000 x for 2026-05",
        ),
        (
            "formula",
            by("file: revenue.xlsx, sheet: Formeln, period: Monat, value: Ergebnis"),
            "42 x for 2026-05",
        ),
        (
            "typed",
            by("file: revenue.xlsx, sheet: Formeln, period: Monat, value: Text"),
            "7.5 x for 2026-05",
        ),
        ("far", by("file: far.xlsx, ignore: \"\""), "5 x for 2026-05"),
        ("ods", by("file: revenue.ods, period: Monat, value: Umsatz"), "42 x for 2026-05"),
    ];
    let sources: Vec<_> = cases.iter().map(|(id, source, _)| (*id, source.as_str())).collect();
    let connection = connection("decimal: \",\", thousands: \".\"");
    let ran = pull(&with_workbooks(connection, &sources)).await;
    check(&ran, &cases.iter().map(|(id, _, came)| (*id, *came)).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_a_workbook_does_not_say_is_told_with_its_place() {
    let by = |more: &str| format!("csv: {{ from: files, reading: series, {more} }}");
    let formulas = "file: revenue.xlsx, sheet: Formeln, period: Monat";
    let cases = [
        (
            "sheets",
            by("file: revenue.xlsx"),
            "has the sheets Umsatz, Tabelle, Formeln; name one by `sheet`",
        ),
        (
            "unknown",
            by("file: revenue.xlsx, sheet: Umsätze"),
            "has no sheet `Umsätze`; it has Umsatz, Tabelle, Formeln, Versteckt",
        ),
        ("untabled", by("file: revenue.xlsx, table: Order"), "has no table `Order`; it has Orders"),
        (
            "error",
            by(&format!("{formulas}, value: Fehler")),
            "in line 2 the column `value` is the text \"#DIV/0!\", which is an error in the spreadsheet",
        ),
        (
            "span",
            by(&format!("{formulas}, value: Dauer")),
            "is a duration, which is not a finite number",
        ),
        (
            "uncalculated",
            by("file: uncalculated.xlsx, period: Month"),
            "which is a formula without a result; open the file in a spreadsheet program, and save it",
        ),
        (
            "repeated",
            by("file: repeated.ods"),
            "has a sheet with more than 1000000 cells, which are not held at once",
        ),
        (
            "swollen",
            by("file: swollen.xlsx"),
            "has too much in `xl/worksheets/sheet1.xml` when it is unpacked",
        ),
        ("cut", by("file: cut.xlsx"), "is a damaged or cut off workbook; save it again"),
        (
            "old",
            by("file: old.xls"),
            "is an Excel workbook of the old kind (.xls), or locked by a password",
        ),
        ("zip", by("file: some.zip"), "is a damaged or cut off workbook"),
        ("text", by("file: text.csv, sheet: a"), "is no workbook, so it has no `sheet`"),
    ];
    let sources: Vec<_> = cases.iter().map(|(id, source, _)| (*id, source.as_str())).collect();
    let kpid = with_workbooks(connection("max_bytes: 100000"), &sources);
    let file = |name: &str| kpid.folder().join(name);
    let whole = fs::read(file("plain.xlsx")).unwrap();
    fs::write(file("cut.xlsx"), &whole[..whole.len() / 2]).unwrap();
    fs::write(file("some.zip"), b"PK\x03\x04 and no more").unwrap();
    fs::write(file("old.xls"), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").unwrap();
    fs::write(file("text.csv"), "period,value\n2026-05,1\n").unwrap();
    let ran = pull(&kpid).await;
    check(&ran, &cases.iter().map(|(id, _, came)| (*id, *came)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_part_that_is_none_is_refused_in_its_place() {
    for (part, words) in [
        ("range: B4", "`B4` is not a range of cells; write one such as B4:D20"),
        ("range: \"D4:B9\"", "is not a range of cells"),
        ("table: Orders, sheet: Umsatz", "a table has its own sheet and range"),
        ("sheet: \"{period_key}\"", "the name of a sheet or table; use it in `file`"),
    ] {
        let source = format!("csv: {{ from: files, reading: series, file: a.xlsx, {part} }}");
        refused(&[connection("")], &[("k", FLOW, &source, words)]).await;
    }
}
