//! How much is taken from one person, over all chats together.
//!
//! A minute of a person's begins with what they say first, and takes so many commands. Who says more is told so once, and hears
//! nothing then until the minute is over; only kills have some places more, since who has sent too much may want it to
//! stop. A restart begins all minutes anew.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Kills of a minute that are taken on top of the limit.
const KILLS: u32 = 10;
/// People who are counted; with more, those are forgotten whom it matters least.
const MAX_PEOPLE: usize = 10_000;
/// Who was heard in this time counts as being there.
const LATELY: Duration = Duration::from_hours(1);

/// Counts what people say.
pub(super) struct Rate {
    /// Commands a minute; 0: no limit.
    limit: u32,
    minute: Duration,
    // A std lock: held for a look.
    people: Mutex<HashMap<i64, Minute>>,
}

/// What becomes of what somebody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is done.
    Yes,
    /// It is not, and they are told so, and how long it will be so.
    Warned(Duration),
    /// It is not, and they were told.
    Silence(Duration),
}

/// A person's minute.
struct Minute {
    began: Instant,
    last: Instant,
    taken: u32,
    kills: u32,
    warned: bool,
}

impl Rate {
    pub(super) fn new(limit: u32, minute: Duration) -> Self {
        Self { limit, minute, people: Mutex::default() }
    }

    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    /// Somebody says something at `now`. Who is free is only noted.
    pub(super) fn take(&self, person: i64, is_kill: bool, is_free: bool, now: Instant) -> Taken {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if people.len() >= MAX_PEOPLE && !people.contains_key(&person) {
            self.make_room(&mut people, now);
        }
        let new = || Minute { began: now, last: now, taken: 0, kills: 0, warned: false };
        let minute = people.entry(person).or_insert_with(new);
        if now.saturating_duration_since(minute.began) >= self.minute {
            *minute = new();
        }
        minute.last = now;
        if is_free || self.limit == 0 {
            return Taken::Yes;
        }
        if minute.taken < self.limit {
            minute.taken += 1;
            return Taken::Yes;
        }
        if is_kill && minute.kills < KILLS {
            minute.kills += 1;
            return Taken::Yes;
        }
        let wait = self.minute.saturating_sub(now.saturating_duration_since(minute.began));
        if std::mem::replace(&mut minute.warned, true) { Taken::Silence(wait) } else { Taken::Warned(wait) }
    }

    /// People heard in the last hour, as far as they are counted.
    pub(super) fn lately(&self, now: Instant) -> usize {
        let people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.values().filter(|minute| now.saturating_duration_since(minute.last) < LATELY).count()
    }

    /// First those go whose minute is over, then those who are below the limit, then all.
    fn make_room(&self, people: &mut HashMap<i64, Minute>, now: Instant) {
        people.retain(|_, minute| now.saturating_duration_since(minute.began) < self.minute);
        if people.len() >= MAX_PEOPLE {
            people.retain(|_, minute| minute.warned);
        }
        if people.len() >= MAX_PEOPLE {
            people.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn one_warning_and_then_silence_until_the_minute_is_over() {
        let (rate, start) = (Rate::new(2, MINUTE), Instant::now());
        let says = |person, seconds| rate.take(person, false, false, start + Duration::from_secs(seconds));
        assert_eq!([says(1, 0), says(1, 10)], [Taken::Yes; 2]);
        assert_eq!(says(1, 20), Taken::Warned(Duration::from_secs(40)));
        assert_eq!(says(1, 50), Taken::Silence(Duration::from_secs(10)));
        assert_eq!(says(2, 50), Taken::Yes);
        // It is taken when it was said that it would be, and the next too much is warned of again.
        assert_eq!([says(1, 60), says(1, 61)], [Taken::Yes; 2]);
        assert_eq!(says(1, 62), Taken::Warned(Duration::from_secs(58)));
    }

    #[test]
    fn kills_have_places_of_their_own_but_not_for_ever() {
        let (rate, now) = (Rate::new(1, MINUTE), Instant::now());
        assert_eq!(rate.take(1, false, false, now), Taken::Yes);
        assert_eq!(rate.take(1, false, false, now), Taken::Warned(MINUTE));
        for _ in 0..KILLS {
            assert_eq!(rate.take(1, true, false, now), Taken::Yes);
        }
        assert_eq!(rate.take(1, true, false, now), Taken::Silence(MINUTE));
        assert_eq!(rate.take(1, false, false, now), Taken::Silence(MINUTE));
    }

    #[test]
    fn owners_are_free_and_zero_is_no_limit() {
        let now = Instant::now();
        for (limit, is_free) in [(1, true), (0, false)] {
            let rate = Rate::new(limit, MINUTE);
            assert!((0..100).all(|_| rate.take(1, false, is_free, now) == Taken::Yes));
            assert_eq!((rate.lately(now), rate.lately(now + LATELY)), (1, 0));
        }
    }

    #[test]
    fn however_many_people_there_are_so_many_are_counted() {
        let (rate, now) = (Rate::new(1, MINUTE), Instant::now());
        assert_eq!(rate.take(-1, false, false, now), Taken::Yes);
        assert_eq!(rate.take(-1, false, false, now), Taken::Warned(MINUTE));
        for person in 0..25_000 {
            rate.take(person, false, false, now);
        }
        assert!(rate.lately(now) <= MAX_PEOPLE);
        // Who is silenced is not forgotten for those who are not.
        assert_eq!(rate.take(-1, false, false, now), Taken::Silence(MINUTE));
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit_in_a_minute_and_one_warning(
            limit in 1u32..20,
            steps in prop::collection::vec((0u64..9_000, any::<bool>()), 1..200),
        ) {
            let (rate, start) = (Rate::new(limit, MINUTE), Instant::now());
            let (mut now, mut began) = (start, None::<Instant>);
            let (mut taken, mut warned, mut again) = (0, 0, None::<Instant>);
            for (gap, is_kill) in steps {
                now += Duration::from_millis(gap);
                if began.is_none_or(|began| now >= began + MINUTE) {
                    (began, taken, warned, again) = (Some(now), 0, 0, None);
                }
                match rate.take(1, is_kill, false, now) {
                    Taken::Yes => taken += 1,
                    Taken::Warned(wait) => {
                        warned += 1;
                        again = Some(now + wait);
                    }
                    Taken::Silence(wait) => prop_assert_eq!(again, Some(now + wait)),
                }
                prop_assert!(taken <= limit + KILLS && warned <= 1);
                // Nobody is silenced without a word.
                prop_assert!(taken > 0);
            }
        }
    }
}
