//! SIGHUP: a bad file changes nothing, a good one takes over, and systemd hears of it.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::net::UnixDatagram,
    path::Path,
    process::Command,
};

use kpid::app::{lifecycle::Orders, reload::Reload};
use kpid_clock::Clock;
use kpid_config::{load::load, secret::Secrets, setup::Setup};
use kpid_store::holder;
use mail_parser::MessageParser;
use tokio::{runtime::Handle, sync::mpsc};
use tokio_util::sync::CancellationToken;

use crate::world::{
    WITHIN,
    kpid::{Kpid, run_while},
    origin::Origin,
    smtp::{Conduct, Smtp},
    until,
};

/// Enough that what each leaves behind cannot hide among what comes and goes.
const RELOADS: u32 = 25;

const CONFIG: &str = "calendar: { timezone: UTC }
channels: { mail: { email: { from: Scorecard <kpid@acme.example>, folder: outbox } } }
people: { ines: { email: ines@acme.example } }
";

fn config(origin: &Origin) -> String {
    format!("{CONFIG}connections: {{ api: {} }}\n", origin.yaml())
}

fn scorecard(target: u32) -> String {
    format!(
        "scorecard: acme
perspectives:
  p:
    alert: {{ to: [ines] }}
    objectives:
      o:
        kpis:
          k:
            nature: level
            unit: points
            owner: ines
            schedule: {{ every: 1s }}
            target: {target}
            tolerance: 3
            source: {{ http: {{ from: api, get: figure, value: $.value }} }}
"
    )
}

fn write(kpid: &Kpid, scorecard: &str) {
    fs::write(kpid.folder().join("scorecards/acme.yaml"), scorecard).unwrap();
}

fn mails(folder: &Path) -> usize {
    fs::read_dir(folder.join("outbox")).map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_a_good_one_takes_over() {
    let origin = Origin::start().await;
    origin.figure("figure", 88.0);
    let kpid = Kpid::new(&config(&origin), &scorecard(95));
    let mut daemon = kpid.start();
    let folder = kpid.folder().to_owned();
    daemon.until("the mail", async || mails(&folder), |mails| *mails == 1).await;

    write(&kpid, "scorecard: acme\nperspectives: [");
    daemon.hang_up();
    let told = daemon.until_log("kpid keeps the old one").await;
    assert!(told.contains("scorecards/acme.yaml:2:"), "{told}");
    let asked = origin.asked("figure");
    daemon.until("a round more", async || origin.asked("figure"), |now| *now > asked + 1).await;

    write(&kpid, &scorecard(90));
    daemon.hang_up();
    // The same episode ends: the alert is not told again, its end is.
    daemon.until("the recovery", async || mails(&folder), |mails| *mails == 2).await;
    let perspective = kpid.show().await["scorecards"][0]["perspectives"][0].clone();
    assert_eq!(perspective["status"], "at_risk");
    assert_eq!(perspective["episode"]["number"], 1);
    assert_eq!(perspective["episode"]["state"], "recovered");
    assert_eq!(daemon.stop().await.code(), Some(0));
}

#[tokio::test]
async fn whoever_orders_a_reload_hears_what_came_of_it() {
    let origin = Origin::start().await;
    origin.figure("figure", 98.0);
    let kpid = Kpid::new(&config(&origin), &scorecard(95));
    let nobody = kpid.run(&["reload"]).await;
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.stderr.contains("no kpid runs"), "{}", nobody.stderr);

    let mut daemon = kpid.start();
    daemon.until_log("kpid runs").await;
    write(&kpid, &scorecard(90));
    let taken = kpid.run(&["reload"]).await;
    assert_eq!(taken.code, Some(0), "{}{}", taken.stdout, taken.stderr);
    assert!(taken.stdout.contains("now runs configuration sha256:"), "{}", taken.stdout);

    // A half-written file is told with its place, and the daemon is left alone.
    write(&kpid, "scorecard: acme\nperspectives: [");
    let half = kpid.run(&["reload"]).await;
    assert_eq!(half.code, Some(2));
    assert!(half.stderr.contains("scorecards/acme.yaml:2:"), "{}", half.stderr);

    // What only the daemon can find out, it refuses.
    write(&kpid, &scorecard(90));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("web: {{ listen: {} }}\n", taken.local_addr().unwrap());
    fs::write(kpid.folder().join("kpid.yaml"), config(&origin) + &listen).unwrap();
    let refused = kpid.run(&["reload"]).await;
    assert_eq!(refused.code, Some(1), "{}{}", refused.stdout, refused.stderr);
    assert!(refused.stdout.contains("keeps its old one"), "{}", refused.stdout);

    // What judged is told: the two that ran, not the two that were refused.
    fs::write(kpid.folder().join("kpid.yaml"), config(&origin)).unwrap();
    let told = kpid.run(&["config", "history", "--format", "json"]).await;
    let used: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(used.as_array().unwrap().len(), 2, "{used}");
    assert_eq!(used[0]["to"], used[1]["from"]);
    assert_eq!(
        (&used[1]["to"], &used[1]["added"]),
        (&serde_json::Value::Null, &serde_json::json!([]))
    );
    assert_eq!(kpid.show().await["config"], used[1]["config"]);
    assert_eq!(daemon.stop().await.code(), Some(0));
}

#[tokio::test]
async fn a_file_that_is_gone_or_kept_its_time_is_noticed() {
    let origin = Origin::start().await;
    origin.figure("figure", 93.0);
    let kpid = Kpid::new(&config(&origin), &scorecard(95));
    let file = |name: &str| kpid.folder().join("scorecards").join(name);
    let more = scorecard(95).replace("scorecard: acme", "scorecard: more");
    fs::write(file("more.yaml"), more).unwrap();
    let mut daemon = kpid.start();
    daemon.until_log("kpid runs: 2 scorecards").await;
    let cards = async || kpid.show().await["scorecards"].as_array().map_or(0, Vec::len);
    daemon.until("both judged", cards, |cards| *cards == 2).await;

    fs::remove_file(file("more.yaml")).unwrap();
    assert_eq!(kpid.run(&["reload"]).await.code, Some(0));
    daemon.until_log("kpid runs: 1 scorecard,").await;

    let time = fs::metadata(file("acme.yaml")).unwrap().modified().unwrap();
    write(&kpid, &scorecard(90));
    fs::File::options().write(true).open(file("acme.yaml")).unwrap().set_modified(time).unwrap();
    assert_eq!(kpid.run(&["reload"]).await.code, Some(0));
    let status = async || kpid.show().await["scorecards"][0]["status"].clone();
    daemon.until("the other target", status, |status| status == "on_track").await;
    daemon.stop().await;
}

#[tokio::test]
async fn a_reload_asks_where_the_new_configuration_says() {
    let (old, new) = tokio::join!(Origin::start(), Origin::start());
    old.figure("figure", 88.0);
    new.figure("figure", 98.0);
    let kpid = Kpid::new(&config(&old), &scorecard(95));
    let mut daemon = kpid.start();
    daemon.until("a question", async || old.asked("figure"), |asked| *asked >= 1).await;
    fs::write(kpid.folder().join("kpid.yaml"), config(&new)).unwrap();
    assert_eq!(kpid.run(&["reload"]).await.code, Some(0));
    let asked = old.asked("figure");
    daemon.until("the other asked", async || new.asked("figure"), |asked| *asked >= 3).await;
    assert_eq!(old.asked("figure"), asked);
    daemon.stop().await;
}

#[tokio::test]
async fn a_reload_does_not_wait_for_a_mail_under_way_and_nobody_gets_it_twice() {
    let (origin, smtp) = tokio::join!(Origin::start(), Smtp::start());
    origin.figure("figure", 60.0);
    smtp.conduct("ines@acme.example", Conduct::Gate);
    let config = config(&origin).replace("folder: outbox", &format!("smtp: {}", smtp.yaml()));
    let kpid = Kpid::new(&config, &scorecard(95));
    let mut daemon = kpid.start();
    let mails = async || smtp.mails().len();
    daemon.until("a mail under way", mails, |mails| *mails == 1).await;

    write(&kpid, &scorecard(90));
    assert_eq!(kpid.run(&["reload"]).await.code, Some(0));
    let log = daemon.log();
    assert!(!log.contains("finished in time"), "{log}");
    // The next news of the same alert waits for it, as before.
    origin.figure("figure", 98.0);
    daemon.until_judged(&kpid, "on_track").await;
    daemon.rounds(2).await;
    assert_eq!(smtp.mails().len(), 1);

    smtp.open_gate();
    daemon.until("the recovery", mails, |mails| *mails == 2).await;
    daemon.rounds(2).await;
    assert_eq!(daemon.stop().await.code(), Some(0));
    let subjects = smtp.mails().iter().map(|mail| subject(&mail.bytes)).collect::<Vec<_>>();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    let [first, second] = ["[Off track]", "[Recovered]"];
    assert!(subjects[0].starts_with(first) && subjects[1].starts_with(second), "{subjects:?}");
}

fn subject(mail: &[u8]) -> String {
    MessageParser::default().parse(mail).unwrap().subject().unwrap().to_owned()
}

/// Within this process, whose tasks can be counted.
#[tokio::test]
async fn reloads_leave_no_task_of_the_configurations_before() {
    let origin = Origin::start().await;
    origin.figure("figure", 98.0);
    let kpid = Kpid::new(&config(&origin), &scorecard(95));
    let files = kpid.folder().join("kpid.yaml");
    let read = || -> Setup { load(&files, Secrets::Needed).unwrap().0 };
    let (stop, (reload, reloads)) = (CancellationToken::new(), mpsc::channel(1));
    let orders = Orders { stop: stop.clone(), reload: reloads };
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let order = async || {
        let asked = origin.asked("figure");
        until("a round", async || origin.asked("figure"), |now| *now > asked).await;
        let before = tasks();
        for target in 50..50 + RELOADS {
            write(&kpid, &scorecard(target));
            let setup = read();
            let (store, config_hash) = (setup.store.clone(), setup.config_hash.clone());
            reload.send(Reload::Good(Box::new(setup))).await.unwrap();
            let look = async || holder(&store).unwrap().and_then(|held| held.reloaded);
            until("the reload", look, |now| {
                now.as_ref().is_some_and(|now| now.came.as_ref() == Ok(&config_hash))
            })
            .await;
        }
        // A few come and go with each round.
        let few = RELOADS as usize / 2;
        until("the end of those before", async || tasks(), |now| *now <= before + few).await;
        stop.cancel();
    };
    run_while(read(), Clock::System, orders, "the last reload", order()).await;
}

/// SIGHUP ends a process that does not listen to it, and a manager that starts and reloads is quick.
#[tokio::test]
async fn a_reload_ordered_before_the_configuration_is_read_is_made_up_for() {
    let origin = Origin::start().await;
    origin.figure("figure", 98.0);
    let kpid = Kpid::new(&config(&origin), &scorecard(95));
    let file = kpid.folder().join("scorecards/acme.yaml");
    fs::remove_file(&file).unwrap();
    assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    let mut daemon = kpid.start();
    // Opens when the daemon begins to read, and keeps it reading.
    let pipe = file.clone();
    let open = tokio::task::spawn_blocking(move || File::options().write(true).open(pipe));
    let mut pipe = tokio::time::timeout(WITHIN, open).await.unwrap().unwrap().unwrap();
    fs::remove_file(&file).unwrap();
    write(&kpid, &scorecard(90));
    daemon.hang_up();
    pipe.write_all(scorecard(95).as_bytes()).unwrap();
    drop(pipe);
    daemon.until_log("going on with configuration").await;
    assert_eq!(daemon.stop().await.code(), Some(0));
}

#[tokio::test]
async fn systemd_hears_that_it_is_ready_reloads_and_stops() {
    let origin = Origin::start().await;
    origin.figure("figure", 98.0);
    let kpid = Kpid::new(&config(&origin), &scorecard(95));
    let path = kpid.folder().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(WITHIN)).unwrap();
    let hear = move || {
        let mut bytes = [0; 512];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    let daemon = kpid.start_with(&[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    let (ready, hear) = heard(hear).await;
    assert!(ready.starts_with("READY=1\nSTATUS=1 KPI collected"), "{ready}");
    write(&kpid, &scorecard(90));
    daemon.hang_up();
    let (reloading, hear) = heard(hear).await;
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    let (ready, hear) = heard(hear).await;
    assert!(ready.starts_with("READY=1\n"), "{ready}");
    daemon.terminate();
    let (stopping, _) = heard(hear).await;
    assert_eq!(stopping, "STOPPING=1\n");
    assert_eq!(daemon.stop().await.code(), Some(0));
}

/// The next word on the socket; the origin answers meanwhile.
async fn heard<F: Fn() -> String + Send + 'static>(hear: F) -> (String, F) {
    tokio::task::spawn_blocking(move || (hear(), hear)).await.unwrap()
}
