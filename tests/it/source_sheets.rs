//! Files as spreadsheets write them.

use std::fs;

use crate::{
    pulling::{FLOW, check, kpid, pull},
    source_examples::source,
};

fn german() -> (&'static str, String) {
    (
        "files",
        "{ csv: { folder: ., delimiter: \";\", decimal: \",\", thousands: \".\" } }".to_owned(),
    )
}

#[tokio::test]
async fn an_export_of_a_spreadsheet_is_read_with_all_that_stands_around_its_table() {
    let by = |file: &str, more: &str| {
        format!(
            "csv: {{ from: files, reading: series, file: {file}, period: Monat, value: Umsatz{more} }}"
        )
    };
    let found = "1234 x for 2026-05";
    let cases = [
        ("sep.csv", "sep=;\nMonat;Umsatz\n2026-05;1.234,00\n", by("sep.csv", ""), found),
        (
            "preamble.csv",
            "Umsatzbericht\nStand 30.11.2026\n\nMonat;Umsatz\n2026-05;1.234,00\n",
            by("preamble.csv", ""),
            found,
        ),
        (
            "skipped.csv",
            "Monat;Umsatz\n2025-05;9\nMonat;Umsatz\n2026-05;1.234,00\n",
            by("skipped.csv", ", skip: 2"),
            found,
        ),
        (
            "totals.csv",
            "Monat;Umsatz\n2026-05;1.234,00\nGesamt;1.234,00\n",
            by("totals.csv", ", ignore: Gesamt"),
            found,
        ),
        (
            "minus.csv",
            "Monat;Umsatz\n2026-05;1.234,00-\n",
            by("minus.csv", ""),
            "-1234 x for 2026-05",
        ),
        (
            "brackets.csv",
            "Monat;Umsatz\n2026-05;(1.234,00)\n",
            by("brackets.csv", ""),
            "-1234 x for 2026-05",
        ),
        (
            "typed.csv",
            "Monat;Umsatz\n2026-05;\u{2212}1.234,00\n",
            by("typed.csv", ""),
            "-1234 x for 2026-05",
        ),
        ("euro.csv", "Monat;Umsatz\n2026-05;1.234,00 €\n", by("euro.csv", ", strip: \"€\""), found),
        (
            "unsaid.csv",
            "Monat;Umsatz\n2026-05;1.234,00 €\n",
            by("unsaid.csv", ""),
            "say `strip: \"€\"`",
        ),
        (
            "percent.csv",
            "Monat;Umsatz\n2026-05;12,5 %\n",
            by("percent.csv", ", strip: [\"%\", \"€\"]"),
            "12.5 x for 2026-05",
        ),
        (
            "head.csv",
            "MONAT ;\"Um-\n satz\";Um satz\n2026-05;1;1.234,00\n",
            by("head.csv", ""),
            found,
        ),
        (
            "lines.csv",
            "Monat;Umsatz\n2026-05-01;10,00\n2026-05-31;20,00\n",
            by("lines.csv", ", aggregate: sum"),
            "30 x for 2026-05",
        ),
        (
            "orders.csv",
            "Auftragsliste\n\nDatum;Status;Betrag\n01.05.2026;bezahlt;1.000,00 €\n31.05.2026;bezahlt;234,00 €\n31.05.2026;storniert;99,00 €\n01.06.2026;bezahlt;7,00 €\nSumme;;1.340,50 €\n",
            source("Revenue of the paid orders, from a German export"),
            found,
        ),
    ];
    let kpis: Vec<_> = cases
        .iter()
        .map(|(file, _, source, _)| (file.trim_end_matches(".csv"), FLOW, source.as_str()))
        .collect();
    let kpid = kpid(&[german()], &kpis);
    for (file, text, ..) in &cases {
        fs::write(kpid.folder().join(file), text).unwrap();
    }
    let ran = pull(&kpid).await;
    let expected = cases.iter().map(|(file, _, _, came)| (file.trim_end_matches(".csv"), *came));
    check(&ran, &expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn separators_of_thousands_are_read_in_every_form_that_is_printed() {
    let files = [
        ("swiss", "Month,Sum\n2026-05,CHF 1’234’567.00\n", "thousands: \"'\"", "1234567 x"),
        ("typed", "Month,Sum\n2026-05,CHF 1'234'567.00\n", "thousands: \"'\"", "1234567 x"),
        ("french", "Month,Sum\n2026-05,1\u{202f}234\u{a0}567\n", "thousands: \" \"", "1234567 x"),
        (
            "odd",
            "Month,Sum\n2026-05,1'23\n",
            "thousands: \"'\"",
            "is the text \"1'23\", which is not a finite number",
        ),
    ];
    for (id, text, thousands, came) in files {
        let connection = ("files", format!("{{ csv: {{ folder: ., {thousands} }} }}"));
        let source = "csv: { from: files, reading: series, file: a.csv, period: month, value: sum, strip: CHF }";
        let kpid = kpid(&[connection], &[(id, FLOW, source)]);
        fs::write(kpid.folder().join("a.csv"), text).unwrap();
        check(&pull(&kpid).await, &[(id, came)]);
    }
}
