//! Which bar lies in which lane, and from where to where: numbers only.

use super::{
    axis::Axis,
    scene::{Bar, Scene},
};
use crate::job::{Ended, Place, Resource};

/// Lanes of a section, at most.
const MAX_LANES: usize = 32;
/// Workers' lanes that are there also if nothing ran in them.
const ALL_WORKERS: usize = 12;
/// Pixels that the narrowest bar has.
const MIN_BAR: f32 = 4.0;
/// Pixels between bars in lanes that are filled one bar after the other.
const GAP: f32 = 4.0;
/// A wait that is narrower is not drawn, in pixels.
const MIN_WAIT: f32 = 3.0;

/// What the lanes of a section are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Members that wait for a worker, in as many lanes as it takes.
    Waiting,
    /// A lane for each worker.
    Workers,
    /// What needed no worker.
    AtOnce,
    /// Requests, in as many lanes as it takes.
    Requests,
}

/// Lanes of one kind.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) kind: Kind,
    /// Bars from the left to the right.
    pub(super) lanes: Vec<Vec<Piece>>,
    /// Bars for which there was no lane.
    pub(super) hidden: usize,
}

/// A part of a bar: its wait, or its run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    /// Of the scene.
    pub(super) bar: usize,
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) look: Look,
}

/// How it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Pale; it never ran if it ended so.
    Waiting(Option<Ended>),
    /// Solid; unfinished if it did not end.
    Running(Option<Ended>),
}

/// All sections that have something in them, and the workers in any case.
pub(super) fn sections(scene: &Scene, axis: &Axis) -> Vec<Section> {
    let bars = || scene.bars.iter().enumerate();
    let is_here = |bar: &Bar, wanted: fn(Place) -> bool| bar.began.is_some_and(|(_, place)| wanted(place));
    let wait = |(index, bar): (usize, &Bar)| wait(index, bar, scene.now, axis).map(|piece| vec![piece]);
    let waiting = bars().filter(|(_, bar)| bar.resource == Resource::Cpu).filter_map(wait).collect();
    let at_once = bars()
        .filter(|(_, bar)| is_here(bar, |place| place == Place::AtOnce))
        .filter_map(|(index, bar)| run(index, bar, scene.now, axis))
        .collect();
    let requests = bars()
        .filter(|(_, bar)| bar.resource == Resource::Io)
        .map(|(index, bar)| {
            let pieces = [wait_of(index, bar, scene.now, axis), run(index, bar, scene.now, axis)];
            joined(pieces.into_iter().flatten().collect())
        })
        .filter(|pieces: &Vec<Piece>| !pieces.is_empty())
        .collect();
    let mut sections = vec![packed(Kind::Waiting, waiting), workers(scene, axis)];
    sections.extend([at_once_lane(at_once), packed(Kind::Requests, requests)]);
    sections.retain(|section| section.kind == Kind::Workers || !section.lanes.is_empty());
    // A chat that only asks for Pokémon has no use for empty lanes of workers.
    let has_cpu = bars().any(|(_, bar)| is_here(bar, |place| matches!(place, Place::Worker(_))))
        || sections.iter().any(|section| section.kind == Kind::Waiting);
    sections.retain(|section| has_cpu || section.kind != Kind::Workers);
    sections
}

/// The wait of a bar, where it can be seen.
fn wait(index: usize, bar: &Bar, now: i64, axis: &Axis) -> Option<Piece> {
    // A run that is so short that it has no width yet is drawn in its own lane.
    wait_of(index, bar, now, axis).filter(|_| !matches!(bar.began, Some((_, Place::AtOnce))))
}

fn wait_of(index: usize, bar: &Bar, now: i64, axis: &Axis) -> Option<Piece> {
    let (left, right) = (axis.x(bar.queued), axis.x(bar.waited_until(now)));
    let never_ran = bar.began.is_none();
    // A mark is left of what was cancelled while it waited, however short that was.
    if right - left < MIN_WAIT && !(never_ran && bar.ended.is_some()) {
        return None;
    }
    let look = Look::Waiting(bar.how().filter(|_| never_ran));
    Some(Piece { bar: index, left, right: right.max(left + MIN_BAR), look })
}

fn run(index: usize, bar: &Bar, now: i64, axis: &Axis) -> Option<Piece> {
    let (began, _) = bar.began?;
    let (left, right) = (axis.x(began), axis.x(bar.until(now)));
    Some(Piece { bar: index, left, right: right.max(left + MIN_BAR), look: Look::Running(bar.how()) })
}

/// A wait ends where the run begins, also where a run was made wide enough to be seen.
fn joined(mut pieces: Vec<Piece>) -> Vec<Piece> {
    if let [wait, run] = pieces.as_mut_slice() {
        wait.right = wait.right.min(run.left);
    }
    pieces
}

/// A lane for each worker. In time, no two bars of one overlap, since a worker runs one after the other; bars that were
/// made wide enough to be seen give way to the next.
fn workers(scene: &Scene, axis: &Axis) -> Section {
    let worker = |bar: &Bar| match bar.began {
        Some((_, Place::Worker(number))) => usize::try_from(number).ok(),
        _ => None,
    };
    let others = scene.others.iter().filter_map(|other| usize::try_from(other.worker).ok());
    let used = scene.bars.iter().filter_map(worker).chain(others).max().map_or(0, |highest| highest + 1);
    let count = scene.workers.min(ALL_WORKERS).max(used).clamp(1, MAX_LANES);
    let mut section = Section { kind: Kind::Workers, lanes: vec![Vec::new(); count], hidden: 0 };
    for (index, bar) in scene.bars.iter().enumerate() {
        let Some(number) = worker(bar) else { continue };
        let Some(piece) = run(index, bar, scene.now, axis) else { continue };
        match section.lanes.get_mut(number) {
            Some(lane) => lane.push(piece),
            None => section.hidden += 1,
        }
    }
    section.lanes.iter_mut().for_each(|lane| give_way(lane));
    section
}

/// One lane of marks.
fn at_once_lane(mut lane: Vec<Piece>) -> Section {
    give_way(&mut lane);
    let lanes = if lane.is_empty() { Vec::new() } else { vec![lane] };
    Section { kind: Kind::AtOnce, lanes, hidden: 0 }
}

fn give_way(lane: &mut [Piece]) {
    lane.sort_by(|one, other| one.left.total_cmp(&other.left));
    for index in 1..lane.len() {
        let next = lane[index].left;
        lane[index - 1].right = lane[index - 1].right.min(next);
    }
}

/// Each bar in the first lane that is free for it.
fn packed(kind: Kind, mut bars: Vec<Vec<Piece>>) -> Section {
    let left = |pieces: &Vec<Piece>| pieces.first().map_or(0.0, |piece| piece.left);
    let right = |pieces: &Vec<Piece>| pieces.last().map_or(0.0, |piece| piece.right);
    // Of those that begin together, the longest first: what has no lane then is what matters least.
    bars.sort_by(|one, other| left(one).total_cmp(&left(other)).then(right(other).total_cmp(&right(one))));
    let mut section = Section { kind, lanes: Vec::new(), hidden: 0 };
    for bar in bars {
        let is_free = |lane: &&mut Vec<Piece>| lane.last().is_none_or(|last| last.right + GAP <= left(&bar));
        if let Some(lane) = section.lanes.iter_mut().find(is_free) {
            lane.extend(bar);
        } else if section.lanes.len() < MAX_LANES {
            section.lanes.push(bar);
        } else {
            section.hidden += 1;
        }
    }
    section
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::{super::axis::stretches, *};
    use crate::job::JobId;

    /// A board that could have been: each worker runs one after the other, requests run as they like.
    pub(in super::super) fn any_scene() -> impl Strategy<Value = Scene> {
        let how = prop_oneof![
            6 => Just(Some(Ended::Succeeded)),
            1 => Just(Some(Ended::Failed)),
            1 => Just(Some(Ended::Cancelled)),
            1 => Just(None),
        ];
        let length = || (0..25_u32).prop_flat_map(|bits| 0..1_i64 << bits);
        let bar = (0..5_u8, length(), length(), length(), how);
        (1..80_usize, prop::collection::vec(bar, 1..120)).prop_map(|(workers, bars)| scene(workers, &bars))
    }

    fn scene(workers: usize, bars: &[(u8, i64, i64, i64, Option<Ended>)]) -> Scene {
        let mut free_at = vec![0; workers];
        let (mut at, mut made) = (1_700_000_000_000_000, Vec::new());
        for (job, &(kind, pause, wait, work, how)) in (1..).zip(bars) {
            at += pause;
            let queued = at;
            let worker = usize::try_from(work).unwrap() % workers;
            let (resource, began) = match kind {
                0 => (Resource::Cpu, None),
                1 => (Resource::Cpu, Some((queued, Place::AtOnce))),
                2 => (Resource::Io, Some((queued + wait, Place::Request(0)))),
                _ => {
                    let began = (queued + wait).max(free_at[worker]);
                    free_at[worker] = began + work;
                    (Resource::Cpu, Some((began, Place::Worker(u32::try_from(worker).unwrap()))))
                }
            };
            let since = began.map_or(queued, |(began, _)| began);
            let how = how.or(Some(Ended::Succeeded).filter(|_| kind > 2));
            made.push(Bar {
                job: JobId(job),
                state: "succeeded",
                label: format!("#{job} fib 1000000"),
                resource,
                queued,
                began,
                ended: how.map(|how| (since + work, how)),
            });
        }
        let now = made.iter().map(|bar| bar.until(0)).max().unwrap();
        let stretches = stretches(made.iter().map(|bar| (bar.queued, bar.until(now))).collect());
        made.retain(|bar| bar.queued >= stretches[0].from);
        Scene { bars: made, stretches, workers, others: Vec::new(), now }
    }

    proptest! {
        #[test]
        fn no_two_of_a_lane_overlap_and_nobody_is_lost(scene in any_scene()) {
            let axis = Axis::new(&scene.stretches, 150.0, 1_240.0, 0.0);
            let sections = sections(&scene, &axis);
            let mut seen = vec![0; scene.bars.len()];
            let mut hidden = 0;
            for section in &sections {
                prop_assert!(section.lanes.len() <= MAX_LANES);
                hidden += section.hidden;
                for lane in &section.lanes {
                    for piece in lane {
                        prop_assert!(piece.left <= piece.right && piece.left >= 150.0 && piece.right <= 1_250.0);
                        seen[piece.bar] += 1;
                    }
                    for two in lane.windows(2) {
                        prop_assert!(two[0].right <= two[1].left + 0.01, "{two:?}");
                    }
                }
            }
            let ran = scene.bars.iter().zip(&seen).filter(|(bar, _)| bar.began.is_some() || bar.ended.is_some());
            prop_assert!(ran.filter(|(_, seen)| **seen == 0).count() <= hidden);
            prop_assert!(seen.iter().all(|seen| *seen <= 2));
        }

        #[test]
        fn a_bar_lies_in_its_workers_lane(scene in any_scene()) {
            let axis = Axis::new(&scene.stretches, 150.0, 1_240.0, 0.0);
            let sections = sections(&scene, &axis);
            let workers = sections.iter().find(|section| section.kind == Kind::Workers);
            for (number, lane) in workers.iter().flat_map(|section| section.lanes.iter().enumerate()) {
                for piece in lane {
                    let place = scene.bars[piece.bar].began.map(|(_, place)| place);
                    prop_assert_eq!(place, Some(Place::Worker(u32::try_from(number).unwrap())));
                }
            }
        }
    }
}
