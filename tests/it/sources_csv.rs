//! CSV files as sources.

use chrono_tz::Europe::Amsterdam;
use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

use kpid_rules::series::ReadingKind;
use kpid_sources::{
    Connection, FigureColumns, Request,
    connections::Connections,
    csv::{CsvDialect, Folder, Rows, Sheet, workbook::part::WorkbookPart},
    wording::Wording,
};

use crate::asking::{ask, id, open, words};

/// More than is read of a file.
const FILE_BYTES_MAX: usize = 1000;

fn folder(path: &Path) -> Connections {
    open(Connection::Csv(Folder {
        path: path.to_owned(),
        dialect: CsvDialect {
            encoding: encoding_rs::UTF_8,
            delimiter: b';',
            decimal: Some(','),
            thousands: None,
        },
        timeout: Duration::from_secs(5),
        concurrent_max: 2,
        file_bytes_max: FILE_BYTES_MAX,
        rows_max: 10,
    }))
}

fn sheet(file: &str, period: Option<&str>) -> Request {
    Request::Csv(Box::new(Sheet {
        file: Wording::parse(file).unwrap(),
        part: WorkbookPart::default(),
        rows: Rows {
            figure: Some(FigureColumns::Value("sum".into())),
            period: period.map(str::to_owned),
            ..Rows::default()
        },
    }))
}

#[tokio::test]
async fn a_file_gives_a_value_null_no_rows_or_an_error() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("folder.csv")).unwrap();
    for (file, text) in [
        ("2026-05.csv", "Sum\n41,5\n".to_owned()),
        ("null.csv", "Sum;x\n;1\n".to_owned()),
        ("none.csv", "Sum\n".to_owned()),
        ("word.csv", "Sum\nn/a\n".to_owned()),
        ("point.csv", "Sum\n41.5\n".to_owned()),
        ("large.csv", format!("Sum\n{}\n", "1".repeat(FILE_BYTES_MAX))),
    ] {
        fs::write(place.path().join(file), text).unwrap();
    }
    let connections = folder(place.path());
    connections.probe(&id(), Amsterdam).await.unwrap();
    for (file, expected) in [
        ("{period_key}.csv", "41.5"),
        ("null.csv", "null"),
        ("none.csv", "no rows"),
        ("word.csv", "`erp`: `word.csv`: in line 2 the column `value` is the text \"n/a\""),
        ("point.csv", "in line 2 the column `value` is the text \"41.5\""),
        ("large.csv", "has more than 1000 bytes"),
        ("absent.csv", "it does not exist"),
        ("folder.csv", "is not a file"),
    ] {
        let found = words(&ask(&connections, ReadingKind::Value, sheet(file, None)).await);
        assert!(found.contains(expected), "{file}: {found}");
    }
    let absent = folder(&place.path().join("nowhere")).probe(&id(), Amsterdam).await;
    assert!(absent.unwrap_err().starts_with("`erp`: cannot read "));
}

#[tokio::test]
async fn a_series_has_the_rows_of_the_periods_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let text = "month;sum\n2026-04;1\n2026-05-01;2,5\n2026-06;3\n";
    fs::write(place.path().join("s.csv"), text).unwrap();
    let series = sheet("s.csv", Some("month"));
    let found = ask(&folder(place.path()), ReadingKind::Series, series).await;
    assert_eq!(words(&found), "2026-05=2.5");
}

#[tokio::test]
async fn a_pipe_is_not_waited_for() {
    let place = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo").arg(place.path().join("p.csv")).status();
    assert!(made.unwrap().success());
    let found = ask(&folder(place.path()), ReadingKind::Value, sheet("p.csv", None)).await;
    assert!(words(&found).contains("is not a file"), "{found:?}");
}

#[tokio::test]
async fn a_link_that_leads_out_of_the_folder_is_not_read() {
    let place = tempfile::tempdir().unwrap();
    let drop = place.path().join("drop");
    fs::create_dir_all(drop.join("within")).unwrap();
    fs::write(place.path().join("secret"), "sk_live_made_up\n").unwrap();
    fs::write(place.path().join("sums.csv"), "sum\n7\n").unwrap();
    fs::write(drop.join("within/sums.csv"), "sum\n5\n").unwrap();
    for (link, to) in [
        ("secret.csv", Path::new("../secret")),
        ("sums.csv", Path::new("../sums.csv")),
        ("absolute.csv", &place.path().join("sums.csv")),
        ("device.csv", Path::new("/dev/zero")),
        ("chain.csv", Path::new("up/sums.csv")),
        ("up", Path::new("..")),
        ("newest.csv", Path::new("within/sums.csv")),
        ("absolute_within.csv", &drop.join("within/sums.csv")),
    ] {
        symlink(to, drop.join(link)).unwrap();
    }
    symlink(&drop, place.path().join("linked")).unwrap();
    for folder in [folder(&drop), folder(&place.path().join("linked"))] {
        for name in
            ["secret.csv", "sums.csv", "absolute.csv", "device.csv", "chain.csv", "up/sums.csv"]
        {
            let found = words(&ask(&folder, ReadingKind::Value, sheet(name, None)).await);
            assert!(found.contains("leads out of the folder"), "{name}: {found}");
            assert!(!found.contains("sk_live"), "{found}");
        }
        for name in ["newest.csv", "absolute_within.csv", "within/sums.csv"] {
            let found = words(&ask(&folder, ReadingKind::Value, sheet(name, None)).await);
            assert_eq!(found, "5", "{name}");
        }
    }
    // What cannot be told from a table, such as a hard link, is not quoted.
    fs::hard_link(place.path().join("secret"), drop.join("hard.csv")).unwrap();
    let found = words(&ask(&folder(&drop), ReadingKind::Value, sheet("hard.csv", None)).await);
    assert!(found.contains("has no column `sum`") && !found.contains("sk_live"), "{found}");
}
