//! What is thrown at kpid, and what must hold of its answer: it comes, and where it is a no it is a
//! sentence. `fuzz_targets/` throws what libFuzzer thinks of; `tests/it/fuzzed.rs` throws the corpus
//! that was kept. Everything enters where the world enters: files, sockets, and the functions that a
//! command calls.

use std::{
    cell::OnceCell, collections::HashMap, fs, path::Path, sync::OnceLock, thread, time::Duration,
};

use chrono::{DateTime, Utc};
use kpid::{
    app::lifecycle::{self, Orders},
    engine::import,
    web::access,
};
use kpid_clock::Clock;
use kpid_config::{
    load::{self, LoadError},
    scenario,
    secret::Secrets,
    setup::{Collection, Setup},
};
use kpid_delivery::{
    channels::Channels,
    delivery::Delivery,
    retry::{self, Attempt},
    send_error::SendError,
};
use kpid_message::{message::Message, notice::Notice};
use kpid_rules::{
    alerting::NoticeKind,
    analysis::timeline,
    evaluation::judge,
    model::{Cron, Formula, Id, KpiRef, Period, Schedule},
    series::History,
};
use kpid_sources::{
    Outcome, Question, Window, connections::Connections, http::Template, shared_answers::Shared,
    wording::Wording,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer inputs are the business of limits, which have tests of their own.
const INPUT_BYTES_MAX: usize = 32 << 10;

/// Between the files of one input.
const NEXT_FILE: &str = "\n%%%\n";

/// Whoever has not answered by then hangs.
const WITHIN: Duration = Duration::from_secs(10);

/// Whoever may still be waiting for the rest of a request is let go by then.
const PATIENCE: Duration = Duration::from_millis(50);

/// Files that a configuration may name and that never end, or are the machine's.
const NOT_OURS: [&str; 6] = ["/dev", "/proc", "/sys", "/etc", "**", ".."];

/// A `kpid.yaml` and a scorecard.
pub fn config(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (daemon, scorecard) = text.split_once(NEXT_FILE).unwrap_or((text, ""));
    in_folder(|folder| {
        write(&folder.join("kpid.yaml"), daemon);
        write(&folder.join("scorecards/a.yaml"), scorecard);
        match load::load(&folder.join("kpid.yaml"), Secrets::Unused) {
            Ok((setup, warnings)) => {
                let _ = warnings.to_string();
                stands(&setup);
            }
            Err(error) => refused(&error),
        }
    });
}

/// A scenario, played.
pub fn scenario(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    in_folder(|folder| {
        write(&folder.join("scenario.yaml"), text);
        match scenario::load(&folder.join("scenario.yaml")) {
            Ok(scenario) => {
                timeline::play(&scenario.portfolio, &scenario.config_hash, &scenario.steps);
            }
            Err(error) => refused(&error),
        }
    });
}

/// An API's answer: the first byte says which KPI asks, the second whether the rest is its body or
/// all that comes.
pub fn json(bytes: &[u8]) {
    let [which, whole, answer @ ..] = bytes else { return };
    if answer.len() > INPUT_BYTES_MAX {
        return;
    }
    BENCH.with(|bench| {
        let bench = bench.get_or_init(Bench::new);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        let answer = match whole % 4 {
            3 => answer.to_vec(),
            _ => [head.as_bytes(), answer].concat(),
        };
        bench.collect("api", *which, &answer);
    });
}

/// What an API says beside its answer: the first byte says with which status, the rest are lines of its
/// head, among them where the next page is, how long to wait, and where it has moved to.
pub fn headers(bytes: &[u8]) {
    const STATUSES: [&str; 8] = [
        "200 OK",
        "429 Too Many Requests",
        "503 Service Unavailable",
        "403 Forbidden",
        "302 Found",
        "308 Permanent Redirect",
        "206 Partial Content",
        "401 Unauthorized",
    ];
    let Some((which, head)) = bytes.split_first() else { return };
    if head.len() > INPUT_BYTES_MAX {
        return;
    }
    BENCH.with(|bench| {
        let bench = bench.get_or_init(Bench::new);
        let status = STATUSES[usize::from(*which) % STATUSES.len()];
        let body = r#"{"rows":[{"period":"2026-W20","value":1}],"total":1}"#;
        let first = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n",
            body.len()
        );
        let answer = [first.as_bytes(), head, b"\r\n\r\n", body.as_bytes()].concat();
        bench.collect("linked", 0, &answer);
    });
}

/// A CSV file of a source, read by the KPI that the first byte says, and as an import.
pub fn csv(bytes: &[u8]) {
    let Some((which, file)) = bytes.split_first() else { return };
    if file.len() > INPUT_BYTES_MAX {
        return;
    }
    BENCH.with(|bench| {
        let bench = bench.get_or_init(Bench::new);
        fs::write(bench.folder.path().join("figures.csv"), file).unwrap();
        bench.collect("files", *which, &[]);
        match import::read(&bench.setup, file, now()) {
            Ok(rows) => assert!(!rows.is_empty()),
            Err(bad) => {
                assert!(!bad.is_empty());
                bad.iter().for_each(|row| sentence(&row.to_string()));
            }
        }
    });
}

/// All that a webhook's receiver answers.
pub fn webhook(bytes: &[u8]) {
    if bytes.len() > INPUT_BYTES_MAX {
        return;
    }
    BENCH.with(|bench| {
        let bench = bench.get_or_init(Bench::new);
        let (id, channel) = (Uuid::nil(), Id::parse("hook").unwrap());
        let message = Message::Notice(notice());
        let delivery = Delivery {
            id,
            channel: &channel,
            recipient: "hook",
            language: kpid_language::english(),
            message: &message,
            link: None,
        };
        let sent = bench.answered(bytes, bench.channels.send(delivery, now()));
        if let Err(error) = sent {
            sentence(&error.to_string());
            if let SendError::Retry { after: Some(after), .. } = &error {
                assert!(*after <= Duration::from_secs(3 * 86_400), "{after:?}");
            }
            let attempt = Attempt { written_at: now(), attempts: 1, error: &error };
            retry::next(attempt, 0.5, now());
        }
    });
}

/// All that somebody sends to the daemon's listener; a first byte of 1 makes it a push of JSON, one of
/// 2 the way of a link in a mail, one of 3 a push of CSV, one of 4 the form behind a link.
pub fn incoming(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    if rest.len() > INPUT_BYTES_MAX {
        return;
    }
    let posted = |to: &str, media: &str| {
        let head = format!(
            "POST {to} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
             content-type: {media}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            rest.len()
        );
        [head.as_bytes(), rest].concat()
    };
    let request = match kind {
        1 => posted("/api/v1/readings", "application/json"),
        2 => {
            let head = b"GET /a/".as_slice();
            let tail = b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".as_slice();
            [head, rest, tail].concat()
        }
        3 => posted("/api/v1/readings", "text/csv"),
        4 => posted("/a/a.b", "application/x-www-form-urlencoded"),
        _ => rest.to_vec(),
    };
    BENCH.with(|bench| {
        let runtime = &bench.get_or_init(Bench::new).runtime;
        let is_whole = matches!(kind, 1 | 3 | 4);
        let patience = if is_whole { WITHIN } else { PATIENCE };
        let asked = async { timeout(WITHIN, asked(daemon(), &request, patience)).await };
        let answer = runtime.block_on(asked);
        let answer = answer.unwrap_or_else(|_| panic!("the daemon does not answer"));
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(!is_whole || !answer.is_empty(), "no answer to a whole request");
        // A request of HTTP/1.0 is answered in its own version.
        let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1));
        assert!(answer.is_empty() || status.is_some_and(|status| status != "500"), "{answer}");
    });
}

/// Words of a configuration that have a grammar of their own.
pub fn words(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    // It quotes what it is given; whoever shows it to others writes control characters out.
    let told = |error: String| assert!(!error.trim().is_empty());
    match Formula::parse(text) {
        Ok(formula) => {
            let value = formula.evaluate(&|at| Some(at as f64));
            assert!(value.is_none_or(f64::is_finite), "{value:?}");
        }
        Err(error) => told(error.to_string()),
    }
    match Cron::parse(text) {
        Ok(cron) => {
            let schedule = Schedule::Cron(cron);
            let zone = chrono_tz::Europe::Amsterdam;
            let next = schedule.next_after(now(), zone);
            assert!(next.is_none_or(|next| next > now()), "{next:?}");
            if let Some(next) = next {
                assert_eq!(schedule.latest(now(), next, zone), Some((next, 0)));
            }
        }
        Err(error) => told(error.to_string()),
    }
    match Period::parse(text) {
        Ok(period) => {
            assert_eq!(Period::parse(&period.to_string()), Ok(period));
            let (next, previous) = (period.next(), period.previous());
            assert!(previous <= period && period <= next);
            period.label();
        }
        Err(error) => told(error.to_string()),
    }
    let _ = KpiRef::parse(text);
    if let Err(error) = Id::parse(text) {
        told(error.to_string());
    }
    if let Err(error) = Wording::parse(text) {
        told(error.to_string());
    }
    if let Err(error) = Template::parse(text) {
        told(error.to_string());
    }
}

/// What lets pushes in.
const TOKEN: &str = "a token of the fuzzers";

thread_local! {
    static BENCH: OnceCell<Bench> = const { OnceCell::new() };
}

/// A configuration whose sources and channel lead to this process.
struct Bench {
    runtime: Runtime,
    listener: TcpListener,
    folder: TempDir,
    setup: Setup,
    connections: Connections,
    channels: Channels,
}

impl Bench {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut building = tokio::runtime::Builder::new_current_thread();
        let runtime = building.enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let port = listener.local_addr().unwrap().port();
        let daemon = DAEMON.replace("{port}", &port.to_string());
        write(&folder.path().join("kpid.yaml"), &daemon);
        write(&folder.path().join("scorecards/a.yaml"), SCORECARD);
        let loaded = load::load(&folder.path().join("kpid.yaml"), Secrets::Needed);
        let (setup, _) = loaded.unwrap_or_else(|error| panic!("{}", words_of(&error)));
        let _inside = runtime.enter();
        let connections = Connections::open(&setup.connections).unwrap();
        let channels = Channels::open(&setup.channels).unwrap();
        drop(_inside);
        Self { runtime, listener, folder, setup, connections, channels }
    }

    /// Collects one of the KPIs that ask a connection.
    fn collect(&self, connection: &str, which: u8, answer: &[u8]) {
        let asking = self.setup.collections.iter();
        let asking = asking.filter(|collection| collection.source.from.as_str() == connection);
        let asking: Vec<&Collection> = asking.collect();
        let Collection { kpi, source, .. } = asking[usize::from(which) % asking.len()];
        let scorecard = self.setup.portfolio.scorecard(&kpi.scorecard).unwrap();
        let frequency = scorecard.kpi(&kpi.kpi).unwrap().frequency;
        let calendar = &scorecard.calendar;
        let period = calendar.last_closed(frequency, now());
        let oldest = period.previous().previous();
        let window = Window {
            period,
            start: calendar.bounds(oldest).0,
            end: calendar.bounds(period).1,
            first_day: calendar.first_day(oldest),
            last_day: calendar.last_day(period),
        };
        let question = Question { window: &window, frequency, calendar, now: now() };
        let nothing = Shared::nothing();
        let asked = self.connections.trace(&nothing, source, &question);
        match self.answered(answer, asked).0 {
            Outcome::Samples(samples) => {
                let values = samples.iter().filter_map(|sample| sample.figure?.value(1.0));
                values.for_each(|value| assert!(value.is_finite()));
            }
            Outcome::Null | Outcome::NoRows => {}
            Outcome::Error(error) => sentence(&error),
        }
    }

    /// What comes of asking a peer that answers every request so.
    fn answered<T>(&self, answer: &[u8], asked: impl Future<Output = T>) -> T {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                came = timeout(WITHIN, asked) => came.unwrap_or_else(|_| panic!("it hangs")),
                () = answer_all(&self.listener, answer) => unreachable!(),
            }
        })
    }
}

/// Answers whoever comes, one after the other, and closes.
async fn answer_all(listener: &TcpListener, answer: &[u8]) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut chunk = [0; 4096];
            match stream.read(&mut chunk).await {
                Ok(length) if length > 0 => request.extend_from_slice(&chunk[..length]),
                _ => break,
            }
        }
        let _ = stream.write_all(answer).await;
        let _ = stream.shutdown().await;
    }
}

/// What comes back on a connection of its own until it is closed. Whoever says that no more will come
/// is taken to be gone, answer or none; so that is said late.
async fn asked(port: u16, request: &[u8], patience: Duration) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut answer = Vec::new();
    // Who is refused early may not read to the end.
    let _ = stream.write_all(request).await;
    if timeout(patience, stream.read_to_end(&mut answer)).await.is_err() {
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut answer).await;
    }
    answer
}

/// The port of a daemon in this process, which lives as long as that.
fn daemon() -> u16 {
    static PORT: OnceLock<u16> = OnceLock::new();
    *PORT.get_or_init(|| {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        thread::spawn(move || {
            let folder = tempfile::tempdir().unwrap();
            let web = LISTENING.replace("{port}", &port.to_string());
            let web = web.replace("{hash}", &access::hash(TOKEN));
            write(&folder.path().join("kpid.yaml"), &web);
            write(&folder.path().join("scorecards/a.yaml"), STILL);
            let loaded = load::load(&folder.path().join("kpid.yaml"), Secrets::Needed);
            let (setup, _) = loaded.unwrap_or_else(|error| panic!("{}", words_of(&error)));
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            let orders = Orders::only_stop(CancellationToken::new());
            runtime.block_on(lifecycle::run(setup, Clock::System, orders)).unwrap();
        });
        let up = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        let begun = std::time::Instant::now();
        while !up() {
            assert!(begun.elapsed() < WITHIN, "the daemon does not come up");
            thread::yield_now();
        }
        port
    })
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_466_400, 0).unwrap()
}

fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let ours = text.len() <= INPUT_BYTES_MAX && !NOT_OURS.iter().any(|word| text.contains(word));
    ours.then_some(text)
}

fn in_folder(work: impl FnOnce(&Path)) {
    thread_local! {
        static FOLDER: TempDir = tempfile::tempdir().unwrap();
    }
    FOLDER.with(|folder| work(folder.path()));
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Whatever may be configured can be judged, with nothing held.
fn stands(setup: &Setup) {
    let standing =
        judge(&setup.portfolio, &History::default(), &HashMap::new(), &setup.config_hash, now());
    serde_json::to_string(&standing).unwrap();
}

fn refused(error: &LoadError) {
    if let LoadError::Problems(problems) = error {
        assert!(!problems.found.is_empty());
        for problem in &problems.found {
            sentence(&problem.message);
        }
    }
    sentence(&error.to_string());
    words_of(error);
}

/// All that is wrong, as it is shown.
fn words_of(error: &LoadError) -> String {
    match error {
        LoadError::Problems(problems) => {
            let _ = problems.to_json();
            problems.to_string()
        }
        error => error.to_string(),
    }
}

/// Words for a person: on one line, and nothing that plays tricks on a terminal.
fn sentence(text: &str) {
    assert!(!text.trim().is_empty());
    assert!(!text.contains(char::is_control), "{text:?}");
}

fn notice() -> Notice {
    Notice {
        event: NoticeKind::Test,
        dedup_key: "test".to_owned(),
        at: now().fixed_offset(),
        subject: "A test".to_owned(),
        summary: "This is a test.".to_owned(),
        sections: Vec::new(),
        why: "you asked for it".to_owned(),
        config_version: String::new(),
        lasts: false,
    }
}

const DAEMON: &str = r#"
store: kpid.db
calendar: { timezone: Europe/Amsterdam, fiscal_year_start: april }
connections:
  api: { http: { base_url: "http://127.0.0.1:{port}/", timeout: 400ms, max_bytes: 65536 } }
  linked: { http: { base_url: "http://127.0.0.1:{port}/v1/", timeout: 400ms, max_bytes: 65536 } }
  files: { csv: { folder: . } }
  dutch: { csv: { folder: ., delimiter: ";", decimal: ",", thousands: ".", encoding: windows-1252 } }
channels:
  hook: { webhook: { url: "http://127.0.0.1:{port}/hook", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw } }
"#;

const SCORECARD: &str = r#"
scorecard: a
perspectives:
  p:
    objectives:
      o:
        kpis:
          one: { nature: flow, period: month, schedule: { every: 1h }, target: 1, tolerance: 1, source: { http: { from: api, get: "one?m={period_key}", value: $.value } } }
          ratio: { nature: ratio, period: day, schedule: { every: 1h }, target: 1, tolerance: 1, source: { http: { from: api, get: ratio, numerator: "$.data[0].n", denominator: "$.data[0].d" } } }
          series: { nature: flow, period: week, schedule: { every: 1h }, target: 1, tolerance: 1, source: { http: { from: api, reading: series, get: series, rows: "$.rows[?@.ok]", period: $.period, value: $.value } } }
          pages: { nature: flow, period: quarter, schedule: { every: 1h }, target: 1, tolerance: 1, source: { http: { from: api, reading: series, get: pages, pages: { next: $.next }, rows: "$..row", period: $.period, value: $.value } } }
          linked: { nature: flow, period: week, schedule: { every: 1h }, target: 1, tolerance: 1, source: { http: { from: linked, reading: series, get: linked, pages: link_header, rows: "$.rows[*]", period: $.period, value: $.value } } }
          sheet: { nature: flow, period: month, schedule: { every: 1h }, target: 1, tolerance: 1, source: { csv: { from: files, reading: series, file: figures.csv, value: amount, period: month, target: wanted, observed_at: at } } }
          cells: { nature: ratio, period: day, schedule: { every: 1h }, target: 1, tolerance: 1, source: { csv: { from: files, file: figures.csv, numerator: n, denominator: d, rows: { unit: north } } } }
          euro: { nature: flow, period: month, schedule: { every: 1h }, target: 1, tolerance: 1, source: { csv: { from: dutch, reading: series, file: figures.csv, value: bedrag, period: maand } } }
"#;

const LISTENING: &str = r#"
store: kpid.db
calendar: { timezone: Europe/Amsterdam }
web: { listen: "127.0.0.1:{port}", public_url: "http://localhost:{port}/" }
connections:
  mes: { push: { tokens: { line-1: { sha256: "{hash}" } }, max_per_minute: 4294967295 } }
"#;

const STILL: &str = r#"
scorecard: a
perspectives:
  p:
    objectives:
      o:
        kpis:
          hand: { nature: flow, period: month, target: 1, tolerance: 1 }
          one: { nature: flow, period: month, target: 1, tolerance: 1, source: { push: { from: mes } } }
          calls: { nature: flow, period: day, target: 1, tolerance: 1, source: { push: { from: mes, reading: delta } } }
          meter: { nature: flow, period: week, target: 1, tolerance: 1, source: { push: { from: mes, reading: to_date } } }
          ratio: { nature: ratio, period: quarter, target: 1, tolerance: 1, source: { push: { from: mes } } }
          own: { nature: level, period: month, tolerance: 1, target: 1, source: { push: { from: mes, reading: series } } }
"#;
