//! `kpid doctor`: whether this machine and the store let kpid do its work.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::{StatVfs, StatVfsMountFlags, statvfs};
use serde::Serialize;

use crate::{
    cli::{
        Answer, check, clock, configuration,
        failure::Failure,
        output::{Format, print_json, say},
    },
    outbox::routes,
};
use kpid_config::setup::Setup;
use kpid_delivery::channel::{Channel, Email, MailTransport};
use kpid_os_error::in_words;
use kpid_rules::model::KpiRef;
use kpid_store::{self, Checkup, Identity, Store};

/// With less room a busy day may fill the disk.
const FREE_BYTES_MIN: u64 = 256 << 20;

/// Less is not worth a stop.
const RECLAIMABLE_BYTES_MIN: u64 = 64 << 20;

/// The clocks of two machines that wrote one store may differ so much.
const CLOCK_DRIFT_MAX: TimeDelta = TimeDelta::minutes(1);

/// Whoever waits longer waits for a person: a channel that is down for a moment is back by then.
const DELIVERY_WAITS_MAX: TimeDelta = TimeDelta::hours(1);

/// Whoever comes back from a long weekend still sees what was missed in it.
const MISSES_WITHIN: TimeDelta = TimeDelta::days(7);

/// KPIs whose runs were missed are named so far, the most first.
const MISSES_NAMED_MAX: usize = 5;

/// Where the system names the version of its own zone data, in the first line.
const SYSTEM_ZONES: &str = "/usr/share/zoneinfo/tzdata.zi";

/// Look whether all is as it should be: clock, zones, disk, permissions, secrets, store, deliveries
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Also reach every connection and channel, without sending anything
    #[arg(long)]
    probe: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What was looked at, and how it is; its serialised keys are a contract.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    state: State,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Good,
    /// Worth knowing, and no reason to act at once.
    Noted,
    Wrong,
}

impl Finding {
    fn new(what: &str, state: State, message: impl Into<String>) -> Self {
        Self { what: what.to_owned(), state, message: message.into() }
    }

    fn good(what: &str, message: impl Into<String>) -> Self {
        Self::new(what, State::Good, message)
    }

    fn noted(what: &str, message: impl Into<String>) -> Self {
        Self::new(what, State::Noted, message)
    }

    fn wrong(what: &str, message: impl Into<String>) -> Self {
        Self::new(what, State::Wrong, message)
    }
}

pub(crate) async fn run(config: &Path, arguments: &Arguments) -> Result<Answer, Failure> {
    let setup = if arguments.probe {
        configuration::load_to_use(config)?
    } else {
        configuration::load_to_look(config)?
    };
    let mut findings = vec![daemon(&setup), zones(), disk(&setup.store)];
    findings.extend(displaced(&setup));
    findings.extend(secrets(&setup.secret_files));
    findings.extend(mail_folders(&setup));
    findings.extend(held(&setup, clock::of(&setup).now()).await?);
    if arguments.probe {
        let probed = check::probe(&setup).await?;
        findings.extend(probed.iter().map(reached));
    }
    match arguments.format {
        Format::Json => print_json(&findings)?,
        Format::Text => findings.iter().for_each(tell),
    }
    let is_well = findings.iter().all(|finding| finding.state != State::Wrong);
    Ok(if is_well { Answer::Done } else { Answer::No })
}

fn tell(Finding { what, state, message }: &Finding) {
    let mark = match state {
        State::Good => "good ",
        State::Noted => "note ",
        State::Wrong => "WRONG",
    };
    say!("{mark}  {what}: {message}");
}

fn daemon(setup: &Setup) -> Finding {
    match kpid_store::holder(&setup.store) {
        Ok(Some(holder)) => Finding::good("daemon", format!("process {} runs", holder.process)),
        Ok(None) => Finding::noted("daemon", "none runs on this store"),
        Err(error) => Finding::wrong("daemon", format!("{error:#}")),
    }
}

/// Whether the daemon writes another file than the one that is looked at here.
fn displaced(setup: &Setup) -> Option<Finding> {
    let holder = kpid_store::holder(&setup.store).ok().flatten()?;
    let written = holder.store?;
    let what = match Identity::of(&setup.store).ok()? {
        Some(found) if found == written => return None,
        Some(_) => "was replaced",
        None => "was removed",
    };
    let words = format!(
        "process {} writes a file that {what} since; stop it, and restore a backup with `kpid restore FILE`",
        holder.process
    );
    Some(Finding::wrong("store", words))
}

/// Zones are compiled in: a government's newest change of clocks takes a newer kpid.
fn zones() -> Finding {
    let ours = chrono_tz::IANA_TZDB_VERSION;
    let text = fs::read_to_string(SYSTEM_ZONES).unwrap_or_default();
    let system = text.lines().next().and_then(|line| line.strip_prefix("# version "));
    match system.filter(|system| *system > ours) {
        Some(newer) => Finding::noted(
            "zone data",
            format!(
                "kpid has {ours}, the system {newer}; if your zone changed since, take a newer kpid"
            ),
        ),
        None => Finding::good("zone data", ours),
    }
}

fn disk(store: &Path) -> Finding {
    let folder = folder(store);
    match statvfs(folder) {
        Ok(disk) => room(folder, &disk),
        Err(error) => Finding::wrong(
            "disk",
            format!("cannot look at {}: {}", folder.display(), in_words(&error.into())),
        ),
    }
}

fn room(folder: &Path, disk: &StatVfs) -> Finding {
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let (folder, megabytes) = (folder.display(), free >> 20);
    if disk.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Finding::wrong("disk", format!("{folder} can only be read; mount it to write"));
    }
    // Some file systems count no files at all.
    if disk.f_files > 0 && disk.f_favail == 0 {
        return Finding::wrong("disk", format!("{folder} has no free inodes; delete files"));
    }
    if free < FREE_BYTES_MIN {
        let least = FREE_BYTES_MIN >> 20;
        let words = format!("{megabytes} MiB are free at {folder}; make room, {least} MiB or more");
        return Finding::wrong("disk", words);
    }
    Finding::good("disk", format!("{megabytes} MiB are free at {folder}"))
}

/// Files that others than their owner's group can read are no secrets.
fn secrets(files: &[PathBuf]) -> Vec<Finding> {
    let look = |file: &PathBuf| match mode(file) {
        Ok(mode) if mode & 0o007 == 0 => None,
        Ok(mode) => Some(Finding::wrong(
            "secret",
            format!("{0} is open to everyone (mode {mode:o}); chmod 640 {0}", file.display()),
        )),
        Err(error) => Some(Finding::wrong(
            "secret",
            format!("cannot look at {}: {}", file.display(), in_words(&error)),
        )),
    };
    let open: Vec<Finding> = files.iter().filter_map(look).collect();
    if open.is_empty() {
        let words = format!("{} files, open to nobody else", files.len());
        return vec![Finding::good("secrets", words)];
    }
    open
}

/// Folders of mails that others can look into: each mail has a link that acknowledges.
fn mail_folders(setup: &Setup) -> Vec<Finding> {
    let folders = setup.channels.values().filter_map(|channel| match channel {
        Channel::Email(Email { transport: MailTransport::Folder(folder), .. }) => Some(folder),
        Channel::Email(_) | Channel::Webhook(_) => None,
    });
    let look = |folder: &PathBuf| {
        let mode = mode(folder).ok().filter(|mode| mode & 0o077 != 0)?;
        let words = format!(
            "{0} is open to others (mode {mode:o}), and its mails have links that acknowledge; \
             chmod 700 {0}",
            folder.display()
        );
        Some(Finding::wrong("permissions", words))
    };
    folders.filter_map(look).collect()
}

async fn held(setup: &Setup, now: DateTime<Utc>) -> anyhow::Result<Vec<Finding>> {
    let store = setup.store.as_path();
    if !store.exists() && kpid_store::was_written(store) {
        let words = format!(
            "{} is gone, although kpid has written it; bring it back, or restore a backup with `kpid \
             restore FILE`",
            store.display()
        );
        return Ok(vec![Finding::wrong("store", words)]);
    }
    if !store.exists() {
        let words = format!("{} is not there yet; `kpid run` makes it", store.display());
        return Ok(vec![Finding::noted("store", words)]);
    }
    let mode = mode(store)?;
    let mut findings = vec![if mode & 0o077 == 0 {
        Finding::good("permissions", format!("{} is its owner's alone", store.display()))
    } else {
        let words =
            format!("{0} is open to others (mode {mode:o}); chmod 600 {0}", store.display());
        Finding::wrong("permissions", words)
    }];
    if let Err(error) = kpid_store::check_pages(store).await {
        findings.push(Finding::wrong("store", format!("{error:#}")));
        return Ok(findings);
    }
    let checkup = kpid_store::check_up(store).await?;
    findings.extend([
        schema(&checkup),
        size(&checkup),
        clock(&checkup, now),
        deliveries(&checkup, now),
    ]);
    if checkup.schema == checkup.schema_known {
        let store = Store::open_read_only(store).await?;
        findings.push(runs(&store.missed((now - MISSES_WITHIN).date_naive()).await?));
        findings.extend(lost(&routes::lost(setup, &store).await?));
        store.close().await;
    }
    Ok(findings)
}

/// Messages that go nowhere as long as the configuration stays as it is.
fn lost(by_channel: &BTreeMap<String, u32>) -> Vec<Finding> {
    let finding = |(channel, count): (&String, &u32)| {
        let words = routes::words(channel, *count);
        let way_out = "add it again, or drop them with `kpid outbox drop`";
        Finding::wrong("deliveries", format!("{words}; {way_out}"))
    };
    by_channel.iter().map(finding).collect()
}

/// Instants of schedules that nobody served: kpid was down, or a source took longer than there was.
fn runs(missed: &HashMap<KpiRef, u64>) -> Finding {
    let days = MISSES_WITHIN.num_days();
    let mut missed: Vec<(u64, String)> =
        missed.iter().map(|(kpi, count)| (*count, kpi.to_string())).collect();
    let all: u64 = missed.iter().map(|(count, _)| count).sum();
    if all == 0 {
        return Finding::good("runs", format!("none was missed in the last {days} days"));
    }
    missed.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    let more = missed.split_off(missed.len().min(MISSES_NAMED_MAX)).len();
    let named = missed.iter().map(|(count, kpi)| format!("{kpi} {count}"));
    let more = (more > 0).then(|| format!("and of {more} more KPIs"));
    let named: Vec<String> = named.chain(more).collect();
    let words = format!(
        "{all} were missed in the last {days} days ({}): kpid was down, or their sources took longer \
         than from one run to the next",
        named.join(", ")
    );
    Finding::noted("runs", words)
}

fn schema(checkup: &Checkup) -> Finding {
    let (held, known) = (checkup.schema, checkup.schema_known);
    if held < known {
        let words = format!(
            "its pages are sound; schema {held}, which the next start brings to {known}: \
             make a backup first"
        );
        return Finding::noted("store", words);
    }
    if held > known {
        let words = format!(
            "schema {held} is of a newer kpid, this one knows {known}: run the newer one, or restore a \
             backup from before the upgrade"
        );
        return Finding::wrong("store", words);
    }
    Finding::good("store", format!("its pages are sound; schema {held}"))
}

/// Room within the store is used again, so it is no trouble; one that gives it back is shorter.
fn size(checkup: &Checkup) -> Finding {
    let (all, free) = (checkup.bytes >> 20, checkup.free_bytes >> 20);
    if checkup.free_bytes >= RECLAIMABLE_BYTES_MIN && checkup.free_bytes >= checkup.bytes / 2 {
        let words = format!(
            "{free} of {all} MiB are free and will be reused; `kpid backup` and `kpid restore` \
             give them back to the disk"
        );
        return Finding::noted("size", words);
    }
    Finding::good("size", format!("{all} MiB, of which {free} MiB are free and will be reused"))
}

fn clock(checkup: &Checkup, now: DateTime<Utc>) -> Finding {
    match checkup.newest.filter(|newest| *newest > now + CLOCK_DRIFT_MAX) {
        Some(newest) => Finding::wrong(
            "clock",
            format!(
                "it says {}, but the store has entries of {}: check the clock (`timedatectl`)",
                now.format("%Y-%m-%dT%H:%M:%SZ"),
                newest.format("%Y-%m-%dT%H:%M:%SZ")
            ),
        ),
        None => Finding::good("clock", "not before anything in the store"),
    }
}

fn deliveries(checkup: &Checkup, now: DateTime<Utc>) -> Finding {
    let (waiting, given_up) = (checkup.waiting, checkup.given_up);
    if checkup.blocked > 0 {
        let words = format!(
            "{} wait because a receiver refuses kpid; fix the cause, which `kpid outbox list` names",
            checkup.blocked
        );
        return Finding::wrong("deliveries", words);
    }
    let oldest = checkup.waiting_since.map(|since| now - since);
    match oldest.filter(|age| *age > DELIVERY_WAITS_MAX) {
        Some(age) => Finding::wrong(
            "deliveries",
            format!(
                "{waiting} wait, the oldest for {} h; `kpid outbox list` says why",
                age.num_hours()
            ),
        ),
        None if given_up > 0 => Finding::noted(
            "deliveries",
            format!("{given_up} were given up; `kpid outbox list` says why"),
        ),
        None => Finding::good("deliveries", format!("{waiting} wait, none for long")),
    }
}

fn reached(probed: &check::Probed) -> Finding {
    let what = format!("{} {}", probed.what, probed.id);
    match &probed.trouble {
        None => match &probed.note {
            Some(note) => Finding::noted(&what, format!("reached; {note}")),
            None => Finding::good(&what, "reached"),
        },
        Some(trouble) => Finding::wrong(&what, trouble),
    }
}

fn mode(file: &Path) -> std::io::Result<u32> {
    fs::metadata(file).map(|file| file.permissions().mode() & 0o777)
}

fn folder(store: &Path) -> &Path {
    let folder = store.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn checkup() -> Checkup {
        let (newest, waiting_since) = (Some(at("2026-06-03T06:00:00Z")), None);
        Checkup {
            schema: 5,
            schema_known: 5,
            newest,
            waiting: 0,
            waiting_since,
            blocked: 0,
            given_up: 0,
            bytes: 100 << 20,
            free_bytes: 0,
        }
    }

    #[test]
    fn a_clock_before_the_store_is_wrong() {
        let state = |now| clock(&checkup(), at(now)).state;
        assert_eq!(state("2026-06-03T05:58:59Z"), State::Wrong);
        assert_eq!(state("2026-06-03T05:59:30Z"), State::Good);
        assert_eq!(state("2027-06-03T06:00:00Z"), State::Good);
        assert_eq!(
            clock(&Checkup { newest: None, ..checkup() }, at("1970-01-01T00:00:00Z")).state,
            State::Good
        );
    }

    #[test]
    fn an_older_schema_is_noted_and_a_newer_one_wrong_with_the_way_out() {
        for (held, state) in [(4, State::Noted), (5, State::Good), (6, State::Wrong)] {
            assert_eq!(schema(&Checkup { schema: held, ..checkup() }).state, state);
        }
        let newer = schema(&Checkup { schema: 6, ..checkup() }).message;
        assert!(newer.contains("run the newer one, or restore a backup"), "{newer}");
    }

    #[test]
    fn missed_runs_are_noted_with_the_kpis_that_missed_most() {
        let kpi = |name: String| KpiRef::parse(&name).unwrap();
        let missed: HashMap<KpiRef, u64> =
            (1..=7).map(|count| (kpi(format!("acme/k{count}")), count)).collect();
        let Finding { state, message, .. } = runs(&missed);
        assert_eq!(state, State::Noted);
        let named = "28 were missed in the last 7 days (acme/k7 7, acme/k6 6, acme/k5 5, acme/k4 4, \
                     acme/k3 3, and of 2 more KPIs)";
        assert!(message.starts_with(named), "{message}");
        assert_eq!(runs(&HashMap::new()).state, State::Good);
    }

    #[test]
    fn a_store_that_is_mostly_empty_says_how_to_make_it_smaller() {
        for (bytes, free_bytes, state) in [
            (200, 99, State::Good),
            (200, 100, State::Noted),
            (100, 63, State::Good),
            (100, 64, State::Noted),
        ] {
            let checkup = Checkup { bytes: bytes << 20, free_bytes: free_bytes << 20, ..checkup() };
            assert_eq!(size(&checkup).state, state, "{free_bytes} of {bytes}");
        }
    }

    #[test]
    fn a_delivery_that_waits_for_an_hour_is_stuck() {
        let since = |since| Checkup { waiting: 1, waiting_since: Some(at(since)), ..checkup() };
        let now = at("2026-06-03T06:00:00Z");
        assert_eq!(deliveries(&since("2026-06-03T04:59:59Z"), now).state, State::Wrong);
        assert_eq!(deliveries(&since("2026-06-03T05:00:00Z"), now).state, State::Good);
        assert_eq!(deliveries(&Checkup { given_up: 1, ..checkup() }, now).state, State::Noted);
        let blocked = Checkup { waiting: 1, blocked: 1, ..checkup() };
        assert_eq!(deliveries(&blocked, now).state, State::Wrong, "however short it waits");
    }
}
