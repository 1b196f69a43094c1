//! Mails of every kind, and a report, in Chromium, wide and narrow, light and dark: nothing sticks out, everything
//! can be read. The board is looked at by `tests/browser`. `KPID_PICTURES=DIR` keeps the pictures, for a person to look at.

use std::{fs, path::Path, time::Duration};

use chrono::{Datelike, Utc};
use serde_json::Value;
use tokio::{process::Command, time::timeout};

use crate::world::kpid::Kpid;

/// What is shown, by the option of `kpid notify --preview` that asks for it.
const SAMPLES: [&str; 8] = [
    "opened",
    "worsened",
    "reminded",
    "escalated",
    "acknowledged",
    "recovered",
    "corrected",
    "notice",
];

/// A phone, and the pane of a mail program.
const MAIL_WIDTHS: &[u32] = &[360, 700];

/// A phone, and panes of mail programs.
const REPORT_WIDTHS: &[u32] = &[400, 600, 760];

/// What is looked at: its name, its HTML, and how wide it is shown.
type Shown = (String, String, &'static [u32]);

/// Chromium draws a sheet in a second or two; on however busy a machine within this.
const DRAWN_WITHIN: Duration = Duration::from_secs(120);

/// A sheet of so many mails that is blank has fewer bytes.
const PICTURE_BYTES_MIN: usize = 100_000;

/// What the sheet finds out about its mails, told in its own text.
const LOOK: &str = r#"
const light = (channel) => (channel /= 255) <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = numbers(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
// Lines of text that lie on one another, by more than what their letters leave free.
const overlaps = (lines) => lines.flatMap(([text, a], at) =>
  lines.slice(at + 1)
    .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
    .map(([other]) => text + ' | ' + other));
addEventListener('load', () => {
  const told = [];
  for (const frame of document.querySelectorAll('iframe')) {
    const page = frame.contentDocument, root = page.documentElement;
    frame.style.height = root.scrollHeight + 'px';
    const texts = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
    const faint = [], lines = [], range = page.createRange();
    let words = 0;
    while (texts.nextNode()) {
      const text = texts.currentNode, element = text.parentElement;
      if (!text.data.trim() || !element.getClientRects().length) continue;
      words += text.data.trim().split(/\s+/).length;
      const ratio = contrast(numbers(getComputedStyle(element).color), ground(element));
      range.selectNodeContents(text);
      for (const line of range.getClientRects()) lines.push([text.data.trim(), line]);
      if (ratio < 4.5) faint.push(text.data.trim() + ' ' + ratio.toFixed(2));
    }
    told.push({
      name: frame.title, words, faint, overlaps: overlaps(lines), wider_by: root.scrollWidth - root.clientWidth,
      images: page.images.length, dark: frame.contentWindow.matchMedia('(prefers-color-scheme: dark)').matches,
    });
  }
  document.getElementById('told').textContent = JSON.stringify(told);
});
"#;

/// A kpid whose names are longer than anybody planned for, with figures of the last years.
fn kpid_of_long_names() -> Kpid {
    let config = "store: kpid.db
calendar: { timezone: Europe/Amsterdam }
channels:
  mail: { email: { folder: mail, from: Scorecard <kpid@acme.example> } }
people:
  ines: { name: Ines Marlow-Achterberg van der Lindenschmidt, email: ines@acme.example, role: Chief Executive for Everything }
  otto: { name: Otto, email: otto@acme.example, language: de }
web: { listen: \"127.0.0.1:0\", public_url: https://balanced-scorecards.internal.department-of-long-addresses.example/ }
";
    let kpi = |id: &str, name: &str| {
        format!(
            "          {id}: {{ name: \"{name}\", nature: level, unit: handover-days, period: year, target: 95000000, tolerance: 3000000, owner: ines }}\n"
        )
    };
    let scorecard = format!(
        "scorecard: acme
name: Gesellschaft für Rindfleischetikettierungsüberwachungsaufgaben mbH & Co. KG
perspectives:
  care:
    name: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft
    owner: ines
    objectives:
      answer:
        name: Answer whatever anybody asks us within the time that we have promised to them
        kpis:
{}{}",
        kpi("calls", "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"),
        kpi("mails", "Share of the letters and mails of customers and suppliers answered in time")
    );
    let kpid = Kpid::new(config, &scorecard);
    let year = Utc::now().year();
    let row = |kpi: &str, back: i32| {
        format!("acme/{kpi},FY{},{}\n", year - back, 91_234_567 + 10_000_000 * (back - 3))
    };
    let rows: String = (1..=5).flat_map(|back| [row("calls", back), row("mails", back)]).collect();
    fs::write(kpid.folder().join("figures.csv"), format!("kpi,period,value\n{rows}")).unwrap();
    kpid
}

/// The HTML of every kind of mail, and of a report, by its name.
async fn mails() -> Vec<Shown> {
    let kpid = kpid_of_long_names();
    let figures = kpid.folder().join("figures.csv");
    let ran = kpid.run(&["import", figures.to_str().unwrap()]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let mut mails = Vec::new();
    let html = ["notify", "ines", "--preview", "--format", "html"];
    for sample in SAMPLES {
        let ran = kpid.run(&[&html[..], &["--event", sample]].concat()).await;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        mails.push((sample.to_owned(), ran.stdout, MAIL_WIDTHS));
    }
    let german = ["notify", "otto", "--preview", "--format", "html"];
    for sample in SAMPLES.into_iter().filter(|sample| *sample != "notice") {
        let ran = kpid.run(&[&german[..], &["--event", sample]].concat()).await;
        assert!(ran.stdout.contains("<html lang=\"de\">"), "{}", ran.stdout);
        mails.push((format!("{sample} in German"), ran.stdout, MAIL_WIDTHS));
    }
    let ran = kpid.run(&[&html[..], &["--of", "acme/care"]].concat()).await;
    assert!(ran.stdout.contains("OFF TRACK"), "{}{}", ran.stdout, ran.stderr);
    // Some mail programs leave out what is in `<style>`.
    mails.push(("bare".to_owned(), without_style(&ran.stdout), MAIL_WIDTHS));
    mails.push(("long names".to_owned(), ran.stdout, MAIL_WIDTHS));
    let ran = kpid.run(&["report", "acme", "--format", "html"]).await;
    assert!(ran.stdout.contains("OFF TRACK"), "{}{}", ran.stdout, ran.stderr);
    mails.push(("bare report".to_owned(), without_style(&ran.stdout), REPORT_WIDTHS));
    mails.push(("report".to_owned(), ran.stdout, REPORT_WIDTHS));
    mails
}

fn without_style(html: &str) -> String {
    let (before, rest) = html.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    [before, after].concat()
}

fn escaped(html: &str) -> String {
    html.replace('&', "&amp;").replace('"', "&quot;")
}

/// All of them on one page, each at every one of its widths.
fn sheet(mails: &[Shown]) -> String {
    let frame = |(name, html, widths): &Shown| -> String {
        let of = |width: &u32| {
            format!(
                "<iframe title=\"{name}, {width} px\" style=\"width:{width}px\" srcdoc=\"{}\"></iframe>\n",
                escaped(html)
            )
        };
        widths.iter().map(of).collect()
    };
    let frames: String = mails.iter().map(frame).collect();
    format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">\
         <style>iframe {{ border: 0; margin: 4px; vertical-align: top }} body {{ background: #777 }}</style></head>\
         <body>{frames}<pre id=\"told\"></pre><script>{LOOK}</script></body></html>"
    )
}

/// Runs Chromium on a page, to its end.
async fn chromium(folder: &Path, page: &Path, options: &[&str]) -> Vec<u8> {
    let mut command = Command::new("chromium");
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--hide-scrollbars", "--window-size=2260,7600", "--virtual-time-budget=5000"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(options)
        .arg(format!("file://{}", page.display()))
        .kill_on_drop(true);
    let ran = timeout(DRAWN_WITHIN, command.output()).await.unwrap().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    ran.stdout
}

/// What the sheet found out.
fn told(page: &[u8]) -> Vec<Value> {
    let page = String::from_utf8_lossy(page);
    let (_, rest) = page.split_once("<pre id=\"told\">").unwrap();
    let text = rest.split_once("</pre>").unwrap().0;
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn every_mail_and_report_can_be_read_wide_and_narrow_light_and_dark() {
    let folder = tempfile::tempdir().unwrap();
    let mails = mails().await;
    let page = folder.path().join("sheet.html");
    fs::write(&page, sheet(&mails)).unwrap();
    let mut pictures = Vec::new();
    for (scheme, options) in [("light", &[][..]), ("dark", &["--force-dark-mode"][..])] {
        let dump = chromium(folder.path(), &page, &[options, &["--dump-dom"]].concat()).await;
        let told = told(&dump);
        assert_eq!(told.len(), mails.iter().map(|(.., widths)| widths.len()).sum::<usize>());
        for found in told {
            let name = format!("{}, {scheme}", found["name"].as_str().unwrap());
            assert_eq!(found["dark"], scheme == "dark", "{name}");
            assert!(found["words"].as_u64() > Some(20), "{name}: {found}");
            assert_eq!(found["wider_by"], 0, "{name} is wider than its window");
            assert_eq!(found["overlaps"], serde_json::json!([]), "{name} is printed over itself");
            assert_eq!(found["faint"], serde_json::json!([]), "{name} is hard to read");
            assert_eq!(found["images"], 0, "{name}");
        }
        let picture = folder.path().join(format!("{scheme}.png"));
        let shot = format!("--screenshot={}", picture.display());
        chromium(folder.path(), &page, &[options, &[shot.as_str()]].concat()).await;
        pictures.push(fs::read(&picture).unwrap());
        if let Some(kept) = std::env::var_os("KPID_PICTURES") {
            fs::copy(&picture, Path::new(&kept).join(format!("{scheme}.png"))).unwrap();
        }
    }
    for picture in &pictures {
        assert!(picture.starts_with(b"\x89PNG"));
        assert!(picture.len() > PICTURE_BYTES_MIN, "{} bytes are an empty page", picture.len());
    }
    assert_ne!(pictures[0], pictures[1], "the dark mails look like the light ones");
}
