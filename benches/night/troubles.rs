//! What goes wrong in a night, by its seed: some troubles at once, each for a while.

use std::time::{Duration, Instant};

use crate::{
    company::{HEALTHY, INES, PERSPECTIVES, SCORECARDS, SICK, side},
    gate::{Gate, Passage},
    life::Life,
    world::{dice::Dice, origin::Answer as Given, smtp::Conduct, town::Town, webhook::Answer},
};

/// Troubles at once, beside the endpoints that are always sick.
const AT_ONCE: usize = 3;

/// Answers of a receiver that is in trouble; then it takes everything again.
const BAD_ANSWERS: u64 = 30;

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The API cannot be reached, or hears nothing.
    Network(Passage),
    /// The mail server treats its reader like this.
    Mail(Conduct),
    /// The receiver of webhooks answers something else.
    Hooks,
    /// The disk is full.
    Disk,
    /// The daemon stands still.
    Frozen,
    /// The daemon is killed, and started after a while.
    Killed,
    /// The daemon is ended, and started after a while.
    Ended,
    /// The configuration is read again, many times.
    Reloads,
    /// Commands write beside the daemon.
    Commands,
    /// Both processors are busy.
    Busy,
}

#[derive(Debug)]
struct Trouble {
    kind: Kind,
    until: Instant,
    helpers: Vec<tokio::process::Child>,
}

/// Those that go on, and those to come.
#[derive(Debug)]
pub(crate) struct Troubles {
    dice: Dice,
    going_on: Vec<Trouble>,
    next_at: Instant,
    sick_at: Instant,
    count: usize,
}

impl Troubles {
    pub(crate) fn new(dice: Dice) -> Self {
        let now = Instant::now();
        Self { dice, going_on: Vec::new(), next_at: now, sick_at: now, count: 0 }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Ends what is over, and begins something now and then.
    pub(crate) async fn step(&mut self, town: &Town, gate: &Gate, life: &mut Life) {
        let now = Instant::now();
        if self.sick_at <= now {
            self.sicken(town);
            self.sick_at = now + Duration::from_secs(20 + self.dice.below(40));
        }
        let (over, going_on) = std::mem::take(&mut self.going_on)
            .into_iter()
            .partition(|trouble| trouble.until <= now);
        self.going_on = going_on;
        let over: Vec<Trouble> = over;
        for trouble in over {
            self.end(trouble, town, gate, life).await;
        }
        if self.next_at <= now && self.going_on.len() < AT_ONCE {
            self.next_at = now + Duration::from_secs(5 + self.dice.below(25));
            let kind = self.any();
            if self.going_on.iter().all(|trouble| !excludes(trouble.kind, kind)) {
                self.begin(kind, town, gate, life).await;
            }
        }
        let is_commanding = self.going_on.iter().any(|trouble| trouble.kind == Kind::Commands);
        if is_commanding && self.dice.once_in(4) {
            self.command(life);
        }
        let is_reloading = self.going_on.iter().any(|trouble| trouble.kind == Kind::Reloads);
        if is_reloading && self.dice.once_in(3) {
            life.hang_up();
        }
    }

    pub(crate) async fn end_all(&mut self, town: &Town, gate: &Gate, life: &mut Life) {
        for trouble in std::mem::take(&mut self.going_on) {
            self.end(trouble, town, gate, life).await;
        }
    }

    fn any(&mut self) -> Kind {
        let kinds = [
            Kind::Network(Passage::Shut),
            Kind::Network(Passage::Silent),
            Kind::Mail(Conduct::Defer),
            Kind::Mail(Conduct::Drop),
            Kind::Mail(Conduct::Cut),
            Kind::Mail(Conduct::Hang),
            Kind::Hooks,
            Kind::Hooks,
            Kind::Disk,
            Kind::Frozen,
            Kind::Killed,
            Kind::Killed,
            Kind::Killed,
            Kind::Ended,
            Kind::Reloads,
            Kind::Commands,
            Kind::Commands,
            Kind::Busy,
        ];
        self.dice.pick(&kinds)
    }

    async fn begin(&mut self, kind: Kind, town: &Town, gate: &Gate, life: &mut Life) {
        self.count += 1;
        let mut helpers = Vec::new();
        match kind {
            Kind::Network(passage) => gate.set(passage),
            Kind::Mail(conduct) => town.smtp.conduct(INES, conduct),
            Kind::Hooks => {
                let answers = [
                    Answer::Status(500),
                    Answer::Status(503),
                    Answer::Status(408),
                    Answer::Patience(1),
                    Answer::Cut,
                    Answer::Hang,
                    Answer::Status(204),
                ];
                let count = self.dice.below(BAD_ANSWERS);
                let answers: Vec<Answer> = (0..count).map(|_| self.dice.pick(&answers)).collect();
                town.webhook.answer(&answers);
            }
            Kind::Disk => life.fill_disk(true),
            Kind::Frozen => life.freeze(true),
            Kind::Killed => life.kill().await,
            Kind::Ended => drop(life.stop().await),
            Kind::Reloads | Kind::Commands => {}
            Kind::Busy => helpers.extend((0..2).map(|_| busy())),
        }
        let longest = match kind {
            Kind::Killed | Kind::Ended => 5,
            Kind::Frozen | Kind::Busy => 20,
            Kind::Network(_) | Kind::Disk => 60,
            _ => 90,
        };
        let until = Instant::now() + Duration::from_millis(200 + self.dice.below(longest * 1000));
        self.going_on.push(Trouble { kind, until, helpers });
    }

    async fn end(&mut self, mut trouble: Trouble, town: &Town, gate: &Gate, life: &mut Life) {
        match trouble.kind {
            Kind::Network(_) => gate.set(Passage::Open),
            Kind::Mail(_) => town.smtp.conduct(INES, Conduct::Take),
            Kind::Hooks => town.webhook.calm(),
            Kind::Disk => life.fill_disk(false),
            Kind::Frozen => life.freeze(false),
            Kind::Killed | Kind::Ended => life.start(),
            Kind::Reloads | Kind::Commands | Kind::Busy => {}
        }
        for helper in &mut trouble.helpers {
            // It may have ended by itself.
            let _ = helper.kill().await;
        }
    }

    /// Sick endpoints get a new sickness, or are well for a while.
    fn sicken(&mut self, town: &Town) {
        let modes = [
            Given::Json(r#"{"value":97}"#.to_owned()),
            Given::Page,
            Given::Status(500),
            Given::Status(401),
            Given::Busy,
            Given::Charset(r#"{"value":97}"#.to_owned()),
            Given::Hang,
            Given::Trickle,
            Given::Cut,
            Given::Flood,
            Given::Bomb,
            Given::Loop,
            Given::Away,
            Given::Json("[".repeat(100_000)),
        ];
        for at in 0..SICK {
            town.origin.set(&format!("sick{at}"), self.dice.pick(&modes));
        }
    }

    /// Somebody does something beside the daemon that tells nobody anything.
    fn command(&mut self, life: &Life) {
        let at = usize::try_from(self.dice.below((SCORECARDS * PERSPECTIVES) as u64)).unwrap();
        match self.dice.below(5) {
            0 => {
                let kpi = self.dice.below(HEALTHY as u64);
                let month = 1 + self.dice.below(9);
                life.import(&format!("healthy/healthy-{kpi}"), &format!("2024-0{month}"));
            }
            1 => {
                let scope = side(at);
                life.command_beside(&["alerts", "ack", &scope, "--comment", "seen"]);
            }
            2 => life.command_beside(&["outbox", "list"]),
            3 => life.command_beside(&["show"]),
            _ => life.command_beside(&["doctor"]),
        }
    }
}

/// Whether one cannot go on beside the other.
fn excludes(one: Kind, other: Kind) -> bool {
    let of = |kind: Kind| match kind {
        Kind::Disk | Kind::Frozen | Kind::Killed | Kind::Ended => 0,
        Kind::Network(_) => 1,
        Kind::Mail(_) => 2,
        Kind::Hooks => 3,
        Kind::Reloads => 4,
        Kind::Commands => 5,
        Kind::Busy => 6,
    };
    of(one) == of(other)
}

/// A process that does nothing but work.
fn busy() -> tokio::process::Child {
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", "while :; do :; done"]).kill_on_drop(true);
    command.spawn().unwrap()
}
