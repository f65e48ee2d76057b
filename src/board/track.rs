//! What is known of the members of a job on their way.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use crate::job::{Ended, MemberTimes, Place};

/// When the members of a job waited, ran and ended. Nothing is kept of a job that nobody wants to know it of.
#[derive(Debug, Default)]
pub(super) struct Track {
    // A std lock: held for a look, never across an await. As long as the job has members: `max_members` at most.
    members: Mutex<Vec<MemberTimes>>,
}

impl Track {
    /// So many members wait from now on.
    pub(super) fn wait(&self, members: usize) {
        let waiting = MemberTimes { queued: SystemTime::now(), began: None, ended: None };
        *self.members() = vec![waiting; members];
    }

    /// A member has begun to run.
    pub(super) fn begin(&self, member: usize, place: Place) {
        if let Some(times) = self.members().get_mut(member) {
            times.began = Some((SystemTime::now().max(times.queued), place));
        }
    }

    /// A member has ended, unless that was said before. Its slot must still be its own: the next one in it begins later.
    pub(super) fn end(&self, member: usize, how: Ended) {
        if let Some(times) = self.members().get_mut(member).filter(|times| times.ended.is_none()) {
            times.end(how);
        }
    }

    /// What has not ended yet was cancelled.
    pub(super) fn close(&self) {
        for times in self.members().iter_mut().filter(|times| times.ended.is_none()) {
            times.end(Ended::Cancelled);
        }
    }

    /// The job took too long: who was stopped has failed.
    pub(super) fn took_too_long(&self) {
        for (_, how) in self.members().iter_mut().filter_map(|times| times.ended.as_mut()) {
            if *how == Ended::Cancelled {
                *how = Ended::Failed;
            }
        }
    }

    /// All of it, as it is now.
    pub(super) fn all(&self) -> Arc<[MemberTimes]> {
        self.members().as_slice().into()
    }

    fn members(&self) -> MutexGuard<'_, Vec<MemberTimes>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemberTimes {
    fn end(&mut self, how: Ended) {
        let since = self.began.map_or(self.queued, |(began, _)| began);
        self.ended = Some((SystemTime::now().max(since), how));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(track: &Track) -> Vec<Option<Ended>> {
        track.all().iter().map(|times| times.ended.map(|(_, how)| how)).collect()
    }

    #[test]
    fn an_end_is_said_once_and_who_has_none_was_cancelled() {
        let track = Track::default();
        track.wait(3);
        track.begin(0, Place::Worker(1));
        track.end(0, Ended::Succeeded);
        track.end(0, Ended::Cancelled);
        let before = track.all();
        assert_eq!(ends(&track), [Some(Ended::Succeeded), None, None]);
        track.close();
        assert_eq!(ends(&track), [Some(Ended::Succeeded), Some(Ended::Cancelled), Some(Ended::Cancelled)]);
        assert_eq!((track.all()[0], track.all()[1].began), (before[0], None));
        track.took_too_long();
        assert_eq!(ends(&track), [Some(Ended::Succeeded), Some(Ended::Failed), Some(Ended::Failed)]);
    }

    #[test]
    fn nothing_is_kept_of_a_job_that_does_not_wait_for_anything() {
        let track = Track::default();
        track.begin(0, Place::AtOnce);
        track.end(0, Ended::Succeeded);
        track.close();
        assert!(track.all().is_empty());
    }
}
