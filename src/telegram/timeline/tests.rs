use std::{sync::Arc, time::SystemTime};

use proptest::prelude::*;

use super::{
    layout::tests::any_scene,
    paint::{self, WIDTH},
    scene::time,
    theme::Palette,
    *,
};
use crate::{
    board::{Snapshot, Stay, Timeline},
    job::{
        CancelReason, ChatId, Ended, Failure, Job, JobId, Member, MemberTimes, MessageId, Origin, Outcome,
        Output, Person, Place, Resource, Spec, State,
    },
    store::Secret,
    telegram::buttons::Key,
};

/// 2026-11-24, 14:03:12, in microseconds.
const START: i64 = 1_795_529_992_000_000;

/// A board whose jobs go as a test says, on so many workers and slots for requests.
struct Script {
    /// When each is free again, in milliseconds from the start.
    workers: Vec<i64>,
    requests: Vec<i64>,
    /// What ends later has not ended yet.
    now: i64,
    jobs: Vec<Snapshot>,
    others: Vec<Stay>,
}

impl Script {
    fn new(workers: usize, requests: usize) -> Self {
        Self {
            workers: vec![0; workers],
            requests: vec![0; requests],
            now: i64::MAX,
            jobs: Vec::new(),
            others: Vec::new(),
        }
    }

    /// A job of members that each take so long, in milliseconds; all end in the same way.
    fn job(&mut self, at: i64, spec: Spec, members: &[i64], how: Ended) {
        if at > self.now {
            return;
        }
        let mut times = Vec::new();
        for (member, length) in spec.members().iter().zip(members.iter().copied().cycle()) {
            let (slots, place): (_, fn(u32) -> Place) = match member.resource() {
                Resource::Cpu => (&mut self.workers, Place::Worker),
                Resource::Io => (&mut self.requests, Place::Request),
            };
            let free = *slots.iter().min().unwrap();
            let began = at.max(free);
            let slot = slots.iter().position(|free| *free <= began).unwrap();
            let small = matches!(member, Member::Fib(n) if *n <= 2_000);
            // Whoever was killed while it waited takes no slot.
            let waits = how == Ended::Cancelled && length == 0;
            if !small && !waits {
                slots[slot] = began + length + 1;
            }
            let (began, place) = match (small, waits) {
                (true, _) => (Some(at), Place::AtOnce),
                (_, true) => (None, Place::AtOnce),
                _ => (Some(began), place(u32::try_from(slot).unwrap())),
            };
            let ended = began.map_or(at + 1_500, |began| began + length);
            times.push(MemberTimes {
                queued: ms(at),
                began: began.filter(|began| *began <= self.now).map(|began| (ms(began), place)),
                ended: (ended <= self.now).then(|| (ms(ended), how)),
            });
        }
        self.push(at, spec, times, how);
    }

    fn push(&mut self, at: i64, spec: Spec, times: Vec<MemberTimes>, how: Ended) {
        let started = times.iter().filter_map(|member| member.began).map(|(at, _)| at).min();
        let outcome = match how {
            Ended::Succeeded => Outcome::Succeeded(Output::Numbers(Vec::new())),
            Ended::Failed => Outcome::Failed(Failure::Panicked),
            Ended::Cancelled => Outcome::Cancelled(CancelReason::Killed { by: "Ben".to_owned() }),
        };
        let last = times.iter().filter_map(|member| member.ended).map(|(at, _)| at).max();
        let state = match (started, last) {
            _ if times.iter().all(|member| member.ended.is_some()) => {
                State::Finished { started, finished: last.unwrap(), outcome: outcome.into() }
            }
            (Some(started), _) => State::Running { started },
            (None, _) => State::Queued,
        };
        let id = JobId(self.jobs.len() as u64 + 1);
        let person = Person { id: 1, name: "Ann".to_owned() };
        let origin = Origin { message: MessageId(1), thread: None, callback: None };
        let job = Job { id, spec, person, origin, submitted: ms(at), attempt: 1, state };
        self.jobs.push(Snapshot { times: Arc::from(times), ..job.into() });
    }

    fn scene(&self, now: i64) -> Scene {
        let (jobs, others) = (self.jobs.clone(), self.others.clone());
        let board = Timeline { jobs, workers: self.workers.len(), others };
        Scene::new(&board, ms(now.min(self.now))).unwrap()
    }
}

fn ms(millis: i64) -> SystemTime {
    time(START + millis * 1_000)
}

fn dex(names: &[&str]) -> Spec {
    match names {
        [name] => Spec::Dex(name.parse().unwrap()),
        names => Spec::DexMulti(names.iter().map(|name| name.parse().unwrap()).collect()),
    }
}

/// An hour of everything: 40 jobs.
fn busy(workers: usize, now: i64) -> Script {
    let mut script = Script { now, ..Script::new(workers, 32) };
    let names = ["pikachu", "mr-mime", "mew", "bulbasaur", "charmander", "squirtle", "25", "ho-oh"];
    for round in 0..8 {
        let at = round * 2_600;
        let n = 1_000_000 + 700_000 * u64::try_from(round).unwrap();
        script.job(at, Spec::Fib(n), &[1_300 + 170 * round], Ended::Succeeded);
        let name = names[usize::try_from(round).unwrap()];
        let failed = if round == 5 { Ended::Failed } else { Ended::Succeeded };
        script.job(at + 150, dex(&[name]), &[420 + 90 * round], failed);
        match round {
            1 => script.job(at + 200, dex(&names), &[700, 450, 900, 380, 1_400, 620], Ended::Succeeded),
            2 => script.job(at + 250, Spec::Fib(900_000_000), &[3_100], Ended::Cancelled),
            3 => script.job(at + 300, Spec::Fib(800_000_000), &[0], Ended::Cancelled),
            4 => {
                let numbers = (1..=6).map(|n| 400_000 * n).collect();
                script.job(at + 200, Spec::FibMulti(numbers), &[450, 600, 800, 900], Ended::Succeeded);
            }
            6 => script.job(at + 200, Spec::Fib(123_456_789), &[1_900], Ended::Failed),
            _ => script.job(at + 200, Spec::Fib(10), &[0], Ended::Succeeded),
        }
        script.job(at + 700, Spec::FibMulti(vec![30, 5_000_000]), &[0, 900], Ended::Succeeded);
        script.job(at + 900, dex(&["gyarados"]), &[310], Ended::Succeeded);
    }
    if workers > 2 {
        let stay = |worker, from, to| Stay { worker, from: ms(from), to: Some(ms(to)) };
        script.others = vec![stay(7, 2_000, 9_000), stay(6, 12_000, 13_500), stay(3, 100, 4_000)];
    }
    script
}

fn alone() -> Script {
    let mut script = Script::new(2, 32);
    script.job(0, Spec::Fib(100_000_000), &[4_200], Ended::Succeeded);
    script
}

/// One small number, days after a burst.
fn days_apart() -> Script {
    let mut script = Script::new(4, 32);
    script.job(0, Spec::FibMulti(vec![20_000_000; 6]), &[800, 1_200], Ended::Succeeded);
    script.job(3_600_000, Spec::Fib(10), &[0], Ended::Succeeded);
    script.job(7_200_000, dex(&["mew"]), &[350], Ended::Succeeded);
    script.job(200_000_000, Spec::Fib(70_000_000), &[2_500], Ended::Succeeded);
    script
}

/// More of everything than there is room for.
fn crowd() -> Script {
    let mut script = Script::new(64, 100);
    let names: Vec<_> = (1..=100).map(|id| id.to_string()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    script.job(0, dex(&names), &[900, 400, 1_500, 700], Ended::Succeeded);
    script.job(100, Spec::FibMulti(vec![3_000_000; 100]), &[900, 1_400, 2_100], Ended::Succeeded);
    script.job(200, Spec::FibMulti(vec![5_000_000; 100]), &[1_900], Ended::Succeeded);
    script
}

/// What was drawn, to be looked at.
struct Picture {
    width: usize,
    rgb: Vec<u8>,
}

impl Picture {
    fn of(scene: &Scene, theme: Theme) -> Self {
        let png = paint::png(scene, theme).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        assert_eq!((info.color_type, info.width), (png::ColorType::Rgb, WIDTH));
        assert!((200..=1_500).contains(&info.height), "{}", info.height);
        Self { width: info.width as usize, rgb }
    }

    /// The colours of the lanes in a row, one after the other, without what letters, marks and edges leave between them.
    fn colors(&self, y: usize) -> Vec<[u8; 3]> {
        let row = self.rgb.chunks_exact(3).skip(y * self.width).take(1_052).skip(166);
        let mut runs: Vec<([u8; 3], usize)> = Vec::new();
        for pixel in row {
            let color = [pixel[0], pixel[1], pixel[2]];
            match runs.last_mut() {
                Some((last, count)) if *last == color => *count += 1,
                _ => runs.push((color, 1)),
            }
        }
        runs.retain(|(_, count)| *count >= 7);
        let mut colors: Vec<_> = runs.into_iter().map(|(color, _)| color).collect();
        colors.dedup();
        colors
    }

    fn has(&self, color: tiny_skia::Color) -> bool {
        self.rgb.chunks_exact(3).any(|pixel| pixel == bytes(color))
    }
}

fn bytes(color: tiny_skia::Color) -> [u8; 3] {
    let color = color.to_color_u8();
    [color.red(), color.green(), color.blue()]
}

/// Two workers: the first runs, is idle and runs again; the second fails; a third member waits. One request.
fn small() -> Script {
    let mut script = Script::new(2, 4);
    script.job(0, Spec::Fib(1_000_001), &[2_000], Ended::Succeeded);
    script.job(0, Spec::Fib(1_000_002), &[4_000], Ended::Failed);
    script.job(1_000, Spec::Fib(1_000_003), &[1_500], Ended::Succeeded);
    script.job(4_900, Spec::Fib(1_000_004), &[1_000], Ended::Succeeded);
    script.job(500, dex(&["mew"]), &[3_000], Ended::Succeeded);
    script
}

#[test]
fn lanes_are_where_they_should_be_and_have_their_colors() {
    for theme in [Theme::Light, Theme::Dark] {
        let picture = Picture::of(&small().scene(8_000), theme);
        let palette = Palette::of(theme);
        let [lane, cpu, failed] = [palette.lane, palette.cpu[0], palette.failed].map(bytes);
        let [pale, io] = [palette.cpu[1], palette.io[0]].map(bytes);
        // Just below the edges of the lanes, where no letters are.
        let at = |y| picture.colors(y);
        // One legend line; a lane of waits, two workers, one of requests.
        assert_eq!(at(188), [lane, pale, lane], "who waited for a worker");
        assert_eq!(at(254), [lane, cpu, lane, cpu, lane], "the first worker");
        assert_eq!(at(312), [lane, failed, lane], "the second worker");
        assert_eq!(at(384), [lane, io, lane], "the request");
        assert!(picture.has(palette.ink) && picture.has(palette.page));
    }
}

#[test]
fn a_worker_that_another_chat_has_is_not_idle() {
    let palette = Palette::of(Theme::Dark);
    let mut script = Script::new(2, 4);
    script.job(0, Spec::Fib(1_000_001), &[2_000], Ended::Succeeded);
    assert!(!Picture::of(&script.scene(8_000), Theme::Dark).has(palette.others));
    let stay = |from, to| Stay { worker: 1, from: ms(from), to: Some(ms(to)) };
    // Only while something of this chat's is under way.
    script.others = vec![stay(-9_000, -5_000), stay(500, 1_500), stay(9_000, 11_000)];
    let picture = Picture::of(&script.scene(8_000), Theme::Dark);
    let [lane, cpu, others] = [palette.lane, palette.cpu[0], palette.others].map(bytes);
    // The legend has two lines now.
    assert_eq!(picture.colors(230), [lane, cpu, lane]);
    assert_eq!(picture.colors(288), [lane, others, lane]);
}

#[test]
fn what_was_cancelled_is_striped_and_the_present_is_marked_while_something_runs() {
    let mut script = Script::new(2, 4);
    script.job(0, Spec::Fib(1_000_001), &[2_000], Ended::Cancelled);
    let palette = Palette::of(Theme::Light);
    let ended = Picture::of(&script.scene(8_000), Theme::Light);
    assert!(palette.cancelled.iter().all(|stripe| ended.has(*stripe)));
    assert!(!ended.has(palette.cpu[1]) || ended.has(palette.cpu[0]));
    let mut script = Script { now: 1_500, ..Script::new(2, 4) };
    script.job(0, Spec::Fib(1_000_001), &[2_000], Ended::Succeeded);
    let scene = script.scene(1_500);
    assert_eq!(scene.facts().unfinished, 1);
    // It runs up to the present, and not beyond it.
    let picture = Picture::of(&scene, Theme::Light);
    let [lane, cpu] = [palette.lane, palette.cpu[0]].map(bytes);
    assert_eq!(picture.colors(188), [lane, cpu, lane]);
}

#[test]
fn a_caption_tells_parallel_from_concurrent() {
    let content = content(&busy(2, i64::MAX).scene(60_000), Theme::Dark).unwrap();
    assert_eq!(
        content.html.lines().skip(1).collect::<Vec<_>>(),
        [
            "up to 2 of 2 CPU workers busy in parallel, up to 9 requests at the same time",
            "2 failed, 2 cancelled"
        ]
    );
    let markup = content.keyboard.unwrap().markup(&Key::new(&Secret([7; 32])), ChatId(1));
    let labels: Vec<_> = markup.inline_keyboard.concat().into_iter().map(|button| button.text).collect();
    assert_eq!(labels, ["Refresh", "Light"]);
}

#[test]
fn a_board_without_times_is_not_drawn_and_an_old_burst_is_left_out() {
    let mut script = Script::new(2, 4);
    for round in 0..12 {
        script.job(round * 100_000, Spec::Fib(1_000_001), &[2_000], Ended::Succeeded);
    }
    assert_eq!(script.scene(2_000_000).tasks(), "Tasks 3–12");
    for job in &mut script.jobs {
        job.times = Arc::default();
    }
    let board = Timeline { jobs: script.jobs, workers: 2, others: Vec::new() };
    assert!(Scene::new(&board, ms(0)).is_none());
    assert!(Scene::new(&Timeline::default(), ms(0)).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn whatever_there_is_can_be_drawn(scene in any_scene()) {
        prop_assert!(paint::png(&scene, Theme::Light).is_ok());
    }
}

#[test]
#[ignore = "draws for people to look at: into the folder for temporary files"]
fn draw_all() {
    let folder = std::env::temp_dir().join("timelines");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, scene) in [
        ("busy-2", busy(2, i64::MAX).scene(60_000)),
        ("busy-8", busy(8, i64::MAX).scene(60_000)),
        ("busy-2-now", busy(2, 16_000).scene(16_000)),
        ("alone", alone().scene(9_000)),
        ("days-apart", days_apart().scene(300_000_000)),
        ("crowd", crowd().scene(60_000)),
    ] {
        for theme in [Theme::Light, Theme::Dark] {
            let png = content(&scene, theme).unwrap().photo.unwrap();
            std::fs::write(folder.join(format!("{name}-{}.png", theme.word())), &png).unwrap();
        }
    }
}
