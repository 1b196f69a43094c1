//! What `kpid check` says is what `kpid run` would do: whatever stands in the way is found, with all
//! other problems beside it, from whatever folder it is asked.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

const KPID: &str = env!("CARGO_BIN_EXE_kpid");

const DAEMON: &str = "\
calendar: { timezone: Europe/London }
channels: { mail: { email: { from: kpid@harbour.example, folder: mails } } }
people: { ada: { email: ada@harbour.example } }
operators: [ada]
";

const SCORECARD: &str = "\
scorecard: h
perspectives:
  p:
    owner: ada
    objectives:
      o:
        kpis:
          k: { description: d, unit: n, nature: level, target: 9, owner: ada }
          l: { description: d, unit: n, nature: level, target: 9, owner: ada }
";

fn kpid(folder: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(KPID).args(arguments).current_dir(folder).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.code())
}

fn folder(daemon: &str, scorecard: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scorecards")).unwrap();
    fs::write(folder.path().join("kpid.yaml"), daemon).unwrap();
    fs::write(folder.path().join("scorecards/h.yaml"), scorecard).unwrap();
    folder
}

#[test]
fn a_relative_path_of_the_configuration_works_from_anywhere() {
    let above = tempfile::tempdir().unwrap();
    // Signs of a pattern in its name are only a name.
    let folder = above.path().join("mine [1]");
    let scorecards = folder.join("scorecards");
    fs::create_dir_all(folder.join("scripts")).unwrap();
    fs::create_dir_all(&scorecards).unwrap();
    let connections = "connections: { c: { command: {} }, s: { command: { folder: scripts } } }\n";
    fs::write(folder.join("kpid.yaml"), format!("store: kpid.db\n{DAEMON}{connections}")).unwrap();
    let source = |run: &str, from: &str| {
        format!(
            "schedule: {{ every: 1h }}, source: {{ command: {{ from: {from}, run: {run} }} }} }}"
        )
    };
    let kpis = [("[./v]", "c"), ("[echo, \"29\"]", "c"), ("[./v]", "s")];
    let mut text = SCORECARD.split("          k:").next().unwrap().to_owned();
    for (at, (run, from)) in kpis.into_iter().enumerate() {
        let begin = "description: d, unit: pcs, nature: level, target: 20, owner: ada";
        text.push_str(&format!("          k{at}: {{ {begin}, {}\n", source(run, from)));
    }
    fs::write(scorecards.join("h.yaml"), text).unwrap();
    for script in [folder.join("v"), folder.join("scripts/v")] {
        fs::write(&script, "#!/bin/sh\necho 29\n").unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let whole = folder.join("kpid.yaml");
    for (from, config) in [
        (folder.as_path(), None),
        (&folder, Some("kpid.yaml")),
        (&folder, Some("./kpid.yaml")),
        (&scorecards, Some("../kpid.yaml")),
        (above.path(), Some("mine [1]/kpid.yaml")),
        (Path::new("/"), whole.to_str()),
    ] {
        let config = config.map(|config| ["-c", config]);
        let arguments = |last: &[&'static str]| {
            let config = config.iter().flatten().map(|word| (*word).to_owned());
            config.chain(last.iter().map(|word| (*word).to_owned())).collect::<Vec<String>>()
        };
        let run = |last: &[&'static str]| {
            let arguments = arguments(last);
            kpid(from, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let (told, code) = run(&["pull", "--dry-run"]);
        assert_eq!((told.matches(": 29 pcs").count(), code), (3, Some(0)), "{config:?}: {told}");
        let (told, code) = run(&["check"]);
        assert!(told.contains("good: 1 scorecard, 3 KPIs, 0 warnings"), "{config:?}: {told}");
        assert_eq!(code, Some(0));
    }
}

#[test]
fn a_command_that_cannot_be_run_here_is_warned_of() {
    for (folders, run, said) in [
        ("{}", "[./v]", "v: it does not exist"),
        ("{}", "[./data]", "data may not be run; chmod +x "),
        ("{}", "[./scorecards]", "scorecards is not a file"),
        ("{}", "[data]", "`data` is not in PATH; write `./data`"),
        ("{}", "[no-such-program]", "`no-such-program` is not in PATH ("),
        ("{ folder: nowhere }", "[echo]", "cannot use the folder "),
    ] {
        let daemon = format!("{DAEMON}connections: {{ c: {{ command: {folders} }} }}\n");
        let source = format!(
            "schedule: {{ every: 1h }}, source: {{ command: {{ from: c, run: {run} }} }} }}"
        );
        let scorecard = SCORECARD.replacen("owner: ada }", &format!("owner: ada, {source}"), 1);
        let folder = folder(&daemon, scorecard.as_bytes());
        fs::write(folder.path().join("data"), "29").unwrap();
        let (told, code) = kpid(folder.path(), &["check"]);
        assert!(told.contains(said) && told.contains("warning: "), "{run}: {told}");
        assert_eq!(code, Some(0), "{told}");
    }
}

#[test]
fn what_run_refuses_check_has_said_before() {
    let hook = |rest: &str| {
        let place = "channels: {";
        let channel =
            format!("{place} ops: {{ webhook: {{ url: \"http://127.0.0.1:1/\", {rest} }} }},");
        DAEMON.replace(place, &channel)
    };
    let http = |rest: &str| format!("{DAEMON}connections: {{ a: {{ http: {{ {rest} }} }} }}\n");
    let databases = |rest: &str| {
        let server = "host: 127.0.0.1, database: d, user: u, tls: verify";
        format!("{DAEMON}connections: {{ a: {{ postgres: {{ {server}, {rest} }} }} }}\n")
    };
    let address = "base_url: \"http://127.0.0.1:1/\"";
    for (daemon, said) in [
        (hook("secret: whsec_C2F"), "what follows `whsec_` in the secret is not base64"),
        (hook("secret: whsec_"), "in the secret is not base64: nothing follows"),
        (hook("secret: whsec_MfKQ-r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "write `+` for `-`"),
        (hook("secret: { file: bad }"), "what follows `whsec_` in the secret is not base64"),
        (hook("secret: s, previous_secret: whsec_C2F"), "what follows `whsec_`"),
        (hook("secret: \"\""), "the secret is empty"),
        (hook("secret: { file: empty }"), "empty is empty"),
        (hook("secret: { file: blank }"), "blank contains only blanks"),
        (hook("format: pagerduty, secret: { file: empty }"), "empty is empty"),
        (
            http(&format!("{address}, auth: {{ bearer: {{ file: lines }} }}")),
            "is sent in an HTTP header",
        ),
        (http("base_url: \"http://127.0.0.1:1/?a=b\""), "its base_url has a `?` or `#`"),
        (http(&format!("{address}, ca: lines")), "its `ca` holds no certificate in PEM"),
        (databases("ca: nowhere.pem"), "nowhere.pem: "),
        (databases("ca: lines"), "its `ca` holds no certificate in PEM"),
        (
            http(&format!("{address}, client_certificate: lines")),
            "its `client_certificate` is not PEM",
        ),
        (DAEMON.replace("mails", "lines"), "lines is a file, where a folder is needed"),
        (DAEMON.replace("mails", "lines/mails"), "lines is a file, where a folder is needed"),
        (format!("store: lines/kpid.db\n{DAEMON}"), "lines is a file, where a folder is needed"),
        (format!("store: scorecards\n{DAEMON}"), "scorecards is a folder; name the file"),
        (
            format!("{DAEMON}connections: {{ a: {{ sqlite: {{ path: scorecards }} }} }}\n"),
            "scorecards is a folder; name the file",
        ),
        (
            format!("{DAEMON}web: {{ listen: \"127.0.0.1:0\", trusted_header: \"X User\" }}\n"),
            "not a valid header name",
        ),
    ] {
        let folder = folder(&daemon, SCORECARD.as_bytes());
        for (name, text) in
            [("empty", "\n"), ("blank", "   \n"), ("lines", "one\ntwo\n"), ("bad", "whsec_C2F\n")]
        {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let (told, code) = kpid(folder.path(), &["check", "--format", "json"]);
        assert_eq!(code, Some(1), "{said}: {told}");
        let problems: serde_json::Value = serde_json::from_str(&told).unwrap();
        let errors = problems["problems"].as_array().unwrap().iter();
        let errors: Vec<_> = errors.filter(|problem| problem["severity"] == "error").collect();
        assert_eq!(errors.len(), 1, "{told}");
        assert!(errors[0]["message"].as_str().unwrap().contains(said), "{said}: {told}");
        assert!(errors[0]["line"].as_u64().unwrap() > 0);
        let (told, code) = kpid(folder.path(), &["run"]);
        assert_ne!(code, Some(0), "{told}");
        assert!(told.contains(said), "{told}");
    }
}

#[test]
fn a_file_that_is_not_utf_8_hides_no_other_problem() {
    let latin: &[u8] = b"scorecard: z\nname: Gesch\xe4ft\nperspectivess: {}\n";
    let utf_16: Vec<u8> = "\u{feff}scorecard: z\nname: ä\nperspectivess: {}\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let cut: &[u8] = b"scorecard: z\nname: \xe2\x82";
    for (z, said, rest) in [
        (latin, "scorecards/z.yaml:2:12: error: not UTF-8 (byte 0xE4)", true),
        (&utf_16, "scorecards/z.yaml:1:1: error: the file is UTF-16LE, not UTF-8", true),
        (cut, "scorecards/z.yaml:2:7: error: not UTF-8 (byte 0xE2)", false),
    ] {
        let folder = folder(DAEMON, SCORECARD.replace("target", "targett").as_bytes());
        fs::write(folder.path().join("scorecards/z.yaml"), z).unwrap();
        for (arguments, code) in [(&["check"], 1), (&["show"], 2), (&["reload"], 2)] {
            let (told, found) = kpid(folder.path(), arguments);
            assert_eq!(found, Some(code), "{told}");
            assert!(told.contains(said) && told.contains("save the file as UTF-8"), "{told}");
            assert!(told.contains("scorecards/h.yaml:8:"), "{told}");
            assert_eq!(told.contains("unknown key `perspectivess`"), rest, "{told}");
        }
    }
    let with_mark = folder(DAEMON, format!("\u{feff}{SCORECARD}").as_bytes());
    assert_eq!(kpid(with_mark.path(), &["check"]).1, Some(0), "a mark of UTF-8 is nothing");
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other_problem() {
    let folder = folder(DAEMON, SCORECARD.replace("target", "targett").as_bytes());
    fs::create_dir(folder.path().join("scorecards/a.yaml")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("scorecards/b.yaml")).unwrap();
    let large = fs::File::create(folder.path().join("scorecards/c.yaml")).unwrap();
    large.set_len((4 << 20) + 1).unwrap();
    let (told, code) = kpid(folder.path(), &["check"]);
    assert_eq!(code, Some(1));
    for said in [
        "cannot read scorecards/a.yaml: it is a folder, not a file",
        "cannot read scorecards/b.yaml: it does not exist",
        "cannot read scorecards/c.yaml: 4194305 bytes; a configuration has at most 4194304",
        "unknown key `targett`",
    ] {
        assert!(told.contains(said), "{told}");
    }
}

#[test]
fn what_is_wrong_in_many_files_is_told_of_each_in_their_order() {
    let folder = folder(DAEMON, SCORECARD.as_bytes());
    for at in 10..90 {
        let scorecard = SCORECARD.replace("scorecard: h", &format!("scorecard: h{at}"));
        let path = folder.path().join(format!("scorecards/m{at}.yaml"));
        fs::write(path, scorecard.replace("target", &format!("target{at}"))).unwrap();
    }
    let (told, code) = kpid(folder.path(), &["check"]);
    assert_eq!(code, Some(1));
    let unknown = told.lines().filter(|line| line.contains("unknown key"));
    let files: Vec<&str> = unknown.map(|line| line.split(':').next().unwrap()).collect();
    let each = |at: u32| [format!("scorecards/m{at}.yaml"), format!("scorecards/m{at}.yaml")];
    assert_eq!(files, (10..90).flat_map(each).collect::<Vec<_>>(), "{told}");
}

#[test]
fn a_file_holds_one_document_and_a_mark_at_its_end_is_nothing() {
    for end in ["---\n", "...\n", "---\n# the end\n\n"] {
        let folder = folder(DAEMON, format!("---\n{SCORECARD}{end}").as_bytes());
        let (told, code) = kpid(folder.path(), &["check"]);
        assert_eq!(code, Some(0), "{end}: {told}");
    }
    let two = format!(
        "{}---\nscorecard: m2\nperspectives: {{}}\n",
        SCORECARD.replace("target", "targett")
    );
    let folder = folder(DAEMON, two.as_bytes());
    let (told, code) = kpid(folder.path(), &["check"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("scorecards/h.yaml:10:1: error: a second YAML document begins here; kpid reads one per file"), "{told}");
    assert!(told.contains("put the second document in its own file"), "{told}");
    assert!(told.contains("unknown key `targett`"), "{told}");
}

/// A scorecard of so many KPIs which say of themselves what the line says.
fn kpis(count: usize, top: &str, line: &str) -> String {
    let head = SCORECARD.split("          k:").next().unwrap();
    let kpis = (0..count).map(|at| format!("          k{at}: {{ {line} }}\n"));
    format!("{top}{head}{}", kpis.collect::<String>())
}

#[test]
fn a_small_anchor_is_used_as_often_as_its_author_likes() {
    let apart =
        "x-defaults: &d { description: d, unit: n, nature: level, target: 9, owner: ada }\n";
    let aliases = "x-t: &t 3\nx-l: &l 2wd\nx-o: &o ada\n";
    let each =
        "description: d, unit: n, nature: flow, target: 9, tolerance: *t, lag: *l, owner: *o";
    for scorecard in [
        kpis(101, apart, "<<: *d"),
        kpis(2_000, apart, "<<: *d, target: 8"),
        kpis(400, aliases, each),
    ] {
        let folder = folder(DAEMON, scorecard.as_bytes());
        let (told, code) = kpid(folder.path(), &["check"]);
        assert!(told.contains("good: 1 scorecard, "), "{told}");
        assert_eq!(code, Some(0));
    }
}

#[test]
fn what_is_too_much_of_a_file_is_told_in_words() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (this, last) in "bcdefgh".chars().zip("abcdefg".chars()) {
        bomb.push_str(&format!("{this}: &{this} [{}]\n", vec![format!("*{last}"); 9].join(", ")));
    }
    let deep = format!("scorecard: h\nperspectives: {}{}\n", "[".repeat(80), "]".repeat(80));
    let many = format!("scorecard: h\nperspectives: [{}]\n", "1, ".repeat(110_000));
    for (scorecard, said) in [
        (
            bomb.as_str(),
            "scorecards/h.yaml:6:8: error: the file has more than 100000 keys and values",
        ),
        (&deep, "this is nested more than 64 deep"),
        (&many, "the file has more than 100000 keys and values"),
        ("owner: *nobody\n", "this alias names an anchor that is not defined above it"),
    ] {
        let folder = folder(DAEMON, scorecard.as_bytes());
        let (told, code) = kpid(folder.path(), &["check"]);
        assert!(told.contains(said) && told.contains("hint: "), "{said}: {told}");
        assert!(!told.contains("budget") && !told.contains("{ "), "{told}");
        assert_eq!(code, Some(1));
    }
}
