use super::*;
use crate::job::Origin;

const MERGING: Merging = Merging { after: Duration::from_secs(5), join: Duration::from_mins(1) };

#[test]
fn a_dash_passes_what_else_was_asked_for_and_what_waits_is_counted() {
    let now = Instant::now();
    let mut lane = lane(20);
    let dash = |message| Answer { body: Body::Dash(view()), ..answer(message) };
    lane.say(answer(1).asked());
    lane.say(dash(2).asked());
    lane.say(answer(3).busy());
    assert_eq!(lane.unsaid(), 3);
    // One that steps back is the first of its kind again.
    let Step::Answer(first) = lane.next(now) else { panic!("an answer was said") };
    assert_eq!(first.reply_to.message, MessageId(2));
    assert!(lane.put_back(first).is_none());
    for message in [2, 3, 1] {
        assert!(
            matches!(lane.next(now), Step::Answer(first) if first.reply_to.message == MessageId(message)),
            "{message}"
        );
    }
    lane.say(answer(4));
    assert_eq!(lane.unsaid(), 1);
    assert!(!lane.is_blank(now));
}

#[test]
fn no_more_cards_are_remembered_than_the_board_has_tasks() {
    let now = Instant::now();
    let mut lane = lane(0).of_board(5);
    for id in 1..=20 {
        lane.mark(JobId(id), true, None, now, now);
        assert!(matches!(lane.next(now), Step::Card(..)));
        lane.card_shown(JobId(id), MessageId(i32::try_from(id).unwrap()), text("34"), now, None);
    }
    let known = (1..=20).filter(|message| lane.task_of(MessageId(*message)).is_some()).count();
    assert!((5..=7).contains(&known), "{known}");
    assert_eq!(lane.task_of(MessageId(20)), Some(JobId(20)));
}

#[test]
fn in_a_crowd_new_cards_share_a_message_at_once() {
    let now = Instant::now();
    let mut lane = lane(0);
    for id in 1..=3 {
        lane.mark(JobId(id), true, None, now, now);
    }
    assert_eq!(lane.unsaid(), 3);
    lane.crowded = true;
    assert_eq!(lane.unsaid(), 1);
    assert!(matches!(lane.next(now), Step::Merged(_, merged) if merged.jobs.len() == 3));
}

/// A pace of so many a minute, half of them at once.
fn lane(per_minute: u32) -> Lane {
    Lane::new(Pace::new(per_minute, Duration::from_mins(1), per_minute / 2), MERGING)
}

fn answer(message: i32) -> Answer {
    let reply_to = Origin { message: MessageId(message), thread: None, callback: None };
    Answer::new(reply_to, Body::Message(Content::text("x")))
}

fn view() -> View {
    View::first(1)
}

fn text(text: &str) -> Content {
    Content::text(text)
}

#[test]
fn a_card_that_shows_the_end_is_not_looked_at_again_and_keeps_no_content() {
    let now = Instant::now();
    let mut lane = lane(0);
    let (job, message) = (JobId(1), MessageId(7));
    lane.mark(job, true, None, now, now);
    assert!(matches!(lane.next(now), Step::Card(..)));
    lane.mark(job, true, None, now, now);
    lane.card_shown(job, message, text("34"), now, None);
    lane.mark(job, true, None, now, now);
    assert!(matches!(lane.next(now), Step::Idle));
    assert_eq!(lane.task_of(message), Some(job));
    assert!(lane.cards.get(job).unwrap().shown.is_none());
}

#[test]
fn a_card_of_an_unfinished_job_is_looked_at_again() {
    let now = Instant::now();
    let mut lane = lane(0);
    lane.mark(JobId(1), false, None, now, now);
    assert!(matches!(lane.next(now), Step::Card(..)));
    let later = now + Duration::from_secs(5);
    lane.card_shown(JobId(1), MessageId(7), text("running"), now, Some(later));
    assert!(matches!(lane.next(now), Step::Wait(until) if until == later));
    assert!(matches!(lane.next(later), Step::Card(_, Card { shown: Some(_), .. })));
}

#[test]
fn kills_go_first_then_who_asks_then_news_then_progress() {
    let start = Instant::now();
    let mut lane = lane(20);
    lane.mark(JobId(1), false, None, start, start);
    lane.card_shown(JobId(1), MessageId(7), text("running"), start, Some(start));
    lane.say(answer(2));
    lane.say(answer(3).asked());
    lane.say(Answer { urgent: true, ..answer(4) });
    lane.say(Answer { urgent: true, ..answer(5) });
    let now = Instant::now();
    for message in [4, 5, 3, 2] {
        assert!(
            matches!(lane.next(now), Step::Answer(first) if first.reply_to.message == MessageId(message)),
            "{message}"
        );
    }
    // Half of the burst is left to what people wait for, and some of that to who asks.
    for _ in 0..5 {
        lane.spend(now);
    }
    assert!(matches!(lane.next(now), Step::Wait(_)));
    lane.say(answer(6));
    let now = Instant::now();
    assert!(matches!(lane.next(now), Step::Answer(_)));
    for _ in 0..2 {
        lane.spend(now);
    }
    lane.say(answer(7));
    assert!(matches!(lane.next(now), Step::Wait(_)));
    lane.say(answer(8).asked());
    assert!(matches!(lane.next(now), Step::Answer(_)));
}

#[test]
fn a_kill_has_a_place_that_nobody_who_asks_can_take() {
    let now = Instant::now();
    let mut lane = lane(14);
    let mut asked = 0;
    loop {
        lane.say(answer(asked).asked());
        let Step::Answer(_) = lane.next(now) else { break };
        lane.spend(now);
        asked += 1;
    }
    assert!(asked > 0, "whoever asks has none");
    lane.say(Answer { urgent: true, ..answer(100) });
    assert!(matches!(lane.next(now), Step::Answer(kill) if kill.urgent));
    lane.spend(now);
    lane.say(Answer { urgent: true, ..answer(101) });
    assert!(matches!(lane.next(now), Step::Wait(_)), "two in a moment are as many as there are");
}

#[test]
fn who_asks_all_the_time_does_not_keep_the_others_from_their_news() {
    let mut lane = lane(20);
    let now = Instant::now();
    lane.mark(JobId(1), true, None, now, now);
    let mut steps = Vec::new();
    for message in 0..6 {
        lane.say(answer(message).asked());
        // There is nothing for news but what is kept for answers.
        lane.pace = Pace::new(20, Duration::from_mins(1), 10);
        for _ in 0..8 {
            lane.spend(now);
        }
        steps.push(matches!(lane.next(now), Step::Card(..)));
    }
    assert_eq!(steps, [false, false, false, true, false, false]);
}

#[test]
fn a_full_queue_says_so_once() {
    let mut lane = lane(0);
    for message in 0..600 {
        lane.say(Answer { body: Body::Message(text(&message.to_string())), ..answer(message) });
    }
    let now = Instant::now();
    let mut said = 0;
    while let Step::Answer(_) = lane.next(now) {
        said += 1;
    }
    assert_eq!(said, 501);
}

#[test]
fn the_same_words_wait_only_some_times() {
    let mut lane = lane(0);
    let dropped = (0..100).filter_map(|message| lane.say(answer(message))).count();
    assert_eq!(dropped, 97);
    assert!(lane.say(answer(100).asked()).is_none(), "who asks is answered");
    assert!(lane.say(answer(101).about(JobId(1))).is_none(), "a task is another one");
    let mut elsewhere = answer(102);
    elsewhere.reply_to.thread = Some(9);
    assert!(lane.say(elsewhere).is_none(), "another topic does not read it");
}

#[test]
fn at_the_end_of_the_process_dashes_wait_for_the_next_start_and_cards_for_nothing() {
    let now = Instant::now();
    let mut lane = Lane::new(Pace::new(20, Duration::from_mins(1), 1), MERGING);
    lane.dashes().posted(None, MessageId(1), view(), now);
    lane.dashes().posted(None, MessageId(2), view(), now);
    for id in 1..=10 {
        lane.mark(JobId(id), true, None, now, now);
    }
    lane.spend(now);
    lane.hurry(now);
    let Step::Merged(id, merged) = lane.next(now) else { panic!("not merged") };
    let jobs: Vec<_> = merged.jobs.into_iter().collect();
    lane.merged_shown(id, (MessageId(3), text("10")), &jobs, now + Duration::from_secs(5), None);
    assert!(matches!(lane.next(now), Step::Idle));
}

#[test]
fn an_answer_is_read_as_it_was_stored_also_by_older_versions() {
    let stored = serde_json::to_string(&Answer { urgent: true, ..answer(1) }).unwrap();
    let older = stored.replace("\"asked\":false,", "");
    assert_ne!(older, stored);
    let read: Answer = serde_json::from_str(&older).unwrap();
    assert!(read.urgent && !read.asked);
    let dash = serde_json::to_string(&Answer::new(answer(1).reply_to, Body::Dash(view()))).unwrap();
    assert!(
        matches!(serde_json::from_str(&dash), Ok(Answer { body: Body::Dash(read), .. }) if read == view())
    );
}

#[test]
fn a_dash_that_comes_along_replaces_none_that_is_here() {
    let now = Instant::now();
    let mut lane = lane(0);
    lane.dashes().posted(None, MessageId(1), view(), now);
    lane.dashes().restore(None, None, view(), now);
    assert_eq!(lane.dashes().live_in(MessageId(1)), Some(None));
}

#[test]
fn who_is_gone_hears_nothing_until_they_speak() {
    let now = Instant::now();
    let mut lane = lane(0);
    lane.mark(JobId(1), false, None, now, now);
    lane.say(answer(1));
    assert_eq!(lane.give_up().len(), 1);
    lane.mark(JobId(1), true, None, now, now);
    assert!(matches!(lane.next(now), Step::Idle));
    assert!(lane.welcome());
    assert!(matches!(lane.next(now), Step::Card(..)));
    assert!(!lane.welcome());
}

/// What is sent of so many new cards, at the pace of a group: single cards, and how many each message of several holds.
fn sent(lane: &mut Lane, mut now: Instant) -> (Vec<u64>, Vec<usize>) {
    let (mut single, mut several) = (Vec::new(), Vec::new());
    let mut message = 0;
    loop {
        message += 1;
        match lane.next(now) {
            Step::Card(id, _) => {
                lane.card_shown(id, MessageId(message), text("card"), now, None);
                single.push(id.0);
            }
            Step::Merged(id, merged) => {
                several.push(merged.jobs.len());
                let ended: Vec<_> = merged.jobs.iter().copied().collect();
                lane.merged_shown(id, (MessageId(message), text("cards")), &ended, now, None);
            }
            Step::Wait(until) => {
                now = until;
                continue;
            }
            _ => return (single, several),
        }
        lane.spend(now);
    }
}

#[test]
fn cards_that_would_come_too_late_share_a_message() {
    let now = Instant::now();
    let group = || Lane::new(Pace::new(20, Duration::from_mins(1), 7), MERGING);
    let mut few = group();
    for id in 1..=6 {
        few.mark(JobId(id), true, None, now, now);
    }
    assert_eq!(sent(&mut few, now), ((1..=4).chain([5, 6]).collect(), vec![]), "one more is soon enough");
    let mut many = group();
    for id in 1..=230 {
        many.mark(JobId(id), true, None, now, now);
    }
    let (single, several) = sent(&mut many, now);
    assert_eq!((single, several), ((1..=4).collect(), vec![100, 100, 26]));
    assert_eq!(many.tasks_of(MessageId(5)).map(|tasks| tasks.len()), Some(100));
    assert!(many.open_cards().is_empty());
}

#[test]
fn cards_of_different_topics_do_not_share() {
    let now = Instant::now();
    let mut lane = Lane::new(Pace::new(20, Duration::from_mins(1), 7), MERGING);
    for id in 1..=40 {
        lane.mark(JobId(id), true, Some(i32::try_from(id % 2).unwrap() + 1), now, now);
    }
    let (single, several) = sent(&mut lane, now);
    assert_eq!((single.len(), several), (4, vec![18, 18]));
}

#[test]
fn a_shared_message_is_edited_on_and_joined() {
    let start = Instant::now();
    let mut lane = Lane::new(Pace::new(20, Duration::from_mins(1), 1), MERGING);
    for id in 1..=10 {
        lane.mark(JobId(id), false, None, start, start);
    }
    let Step::Merged(id, merged) = lane.next(start) else { panic!("not merged") };
    assert!(merged.is_news() && merged.message.is_none());
    let pause = start + Duration::from_secs(5);
    lane.spend(start);
    lane.merged_shown(id, (MessageId(1), text("10 queued")), &[], pause, Some(pause));
    // One edit for all that happens until then.
    for job in 1..=3 {
        lane.mark(JobId(job), true, None, start, start);
    }
    assert!(matches!(lane.next(start), Step::Wait(until) if until == pause));
    let Step::Merged(again, merged) = lane.next(pause) else { panic!("not edited") };
    assert!(again == id && merged.is_news() && merged.message == Some(MessageId(1)));
    lane.spend(pause);
    lane.merged_shown(id, (MessageId(1), text("3 done")), &[JobId(1), JobId(2), JobId(3)], pause, None);
    lane.mark(JobId(1), true, None, pause, pause);
    assert!(matches!(lane.next(pause), Step::Idle), "its end is shown");
    for job in 11..=20 {
        lane.mark(JobId(job), false, None, pause, pause);
    }
    let later = pause + Duration::from_secs(4);
    let Step::Merged(again, merged) = lane.next(later) else { panic!("not joined") };
    assert_eq!((again == id, merged.jobs.len(), merged.message), (true, 20, Some(MessageId(1))));
}

#[test]
fn the_newest_dash_of_a_topic_is_live_and_the_one_before_loses_its_line() {
    let now = Instant::now();
    let mut lane = lane(0);
    lane.dashes().posted(None, MessageId(1), view(), now);
    lane.dashes().posted(Some(9), MessageId(2), view(), now);
    assert!(matches!(lane.next(now), Step::Idle));
    lane.dashes().posted(None, MessageId(3), view(), now);
    assert!(matches!(lane.next(now), Step::Older(MessageId(1), _)));
    assert!(matches!(lane.next(now), Step::Idle));
    let live = [1, 2, 3].map(|message| lane.dashes().live_in(MessageId(message)));
    assert_eq!(live, [None, Some(Some(9)), Some(None)]);
}

#[test]
fn a_dash_keeps_its_distance_and_takes_all_changes_at_once() {
    let now = Instant::now();
    let later = now + Duration::from_secs(5);
    let mut lane = lane(0);
    lane.dashes().posted(None, MessageId(1), view(), now);
    lane.dashes().shown(None, text("board"), Some(later), None);
    for id in 1..=5 {
        lane.mark(JobId(id), true, None, now, now);
        lane.card_shown(JobId(id), MessageId(10), text("34"), now, None);
    }
    assert!(matches!(lane.next(now), Step::Wait(until) if until == later));
    assert!(matches!(lane.next(later), Step::Dash(None, _)));
    // It moves while the edit is under way.
    lane.mark(JobId(6), true, None, later, later);
    lane.card_shown(JobId(6), MessageId(10), text("34"), later, None);
    let pause = later + Duration::from_secs(5);
    lane.dashes().shown(None, text("board"), Some(pause), None);
    assert!(matches!(lane.next(later), Step::Wait(until) if until == pause));
    assert!(matches!(lane.next(pause), Step::Dash(None, _)));
    lane.dashes().shown(None, text("board"), None, None);
    assert!(matches!(lane.next(pause), Step::Idle));
}

#[test]
fn only_the_newest_of_several_edits_of_a_message_is_made() {
    let mut lane = lane(0);
    let turn = |message, page| {
        let turn = Body::Turn { message: MessageId(message), view: view().page(page) };
        Answer::new(Origin { message: MessageId(message), ..Origin::nowhere() }, turn).asked()
    };
    let is_page =
        |answer: &Answer, wanted: u32| matches!(answer.body, Body::Turn { view, .. } if view.page == wanted);
    assert!(lane.say(turn(7, 1)).is_none());
    assert!(lane.say(answer(3).asked()).is_none());
    assert!(lane.say(turn(8, 2)).is_none());
    for page in 3..100 {
        assert!(lane.say(turn(7, page)).is_some(), "the older one will not be made");
    }
    let now = Instant::now();
    assert!(matches!(lane.next(now), Step::Answer(first) if is_page(&first, 99)));
    assert!(matches!(lane.next(now), Step::Answer(second) if second.is_new_message()));
    assert!(matches!(lane.next(now), Step::Answer(third) if is_page(&third, 2)));
    assert!(matches!(lane.next(now), Step::Idle));
}

#[test]
fn the_dashes_of_one_chat_are_bounded() {
    let now = Instant::now();
    let mut lane = lane(0);
    for thread in 1..=120 {
        lane.dashes().posted(Some(thread), MessageId(thread), view(), now + Duration::from_secs(1));
    }
    // All others are in their pauses.
    lane.dashes().posted(Some(121), MessageId(121), view(), now);
    assert_eq!(lane.dashes().live_in(MessageId(121)), Some(Some(121)));
    let (live, messages) = lane.dashes().take_all();
    assert_eq!((live.len(), messages.len()), (50, 100));
}

#[test]
fn who_removed_the_bot_finds_none_of_its_messages_alive_when_it_is_back() {
    let now = Instant::now();
    let mut lane = lane(0);
    lane.mark(JobId(1), false, None, now, now);
    lane.card_shown(JobId(1), MessageId(7), Content::text("running"), now, Some(now));
    lane.say(answer(1));
    assert_eq!(lane.leave().len(), 1);
    lane.mark(JobId(1), true, None, now, now);
    assert!(lane.welcome());
    assert!(matches!(lane.next(now), Step::Idle));
    assert_eq!(lane.task_of(MessageId(7)), None);
    lane.mark(JobId(2), false, None, now, now);
    assert!(matches!(lane.next(now), Step::Card(JobId(2), _)));
}

#[test]
fn what_a_refused_message_of_several_does_not_tell_is_told_one_by_one() {
    let now = Instant::now();
    let mut lane = Lane::new(Pace::new(20, Duration::from_mins(1), 1), MERGING);
    for id in 1..=10 {
        lane.mark(JobId(id), id > 8, None, now, now);
    }
    let Step::Merged(id, _) = lane.next(now) else { panic!("not merged") };
    lane.merged_shown(id, (MessageId(1), text("10")), &[JobId(10)], now, Some(now));
    assert!(matches!(lane.next(now), Step::Merged(again, _) if again == id));
    lane.merged_refused(id, now);
    // The ends of two are told by now; those that run have been told of, and follow with their ends.
    assert!(matches!(lane.next(now), Step::Card(JobId(9), card) if card.refused == FEWEST_WORDS));
    assert!(matches!(lane.next(now), Step::Idle));
    for id in 1..=8 {
        lane.mark(JobId(id), true, None, now, now);
    }
    for id in 1..=8 {
        assert!(matches!(lane.next(now), Step::Card(next, _) if next == JobId(id)), "they share no message");
        lane.card_shown(JobId(id), MessageId(7), text("short"), now, None);
    }
    assert!(matches!(lane.next(now), Step::Idle));
}

#[test]
fn a_refused_dash_is_tried_again_some_times() {
    let now = Instant::now();
    let later = now + Duration::from_secs(5);
    let mut lane = lane(0);
    lane.dashes().posted(None, MessageId(1), view(), now);
    for _ in 0..2 {
        assert_eq!(lane.dashes().refused(None, later), None);
    }
    assert!(matches!(lane.next(now), Step::Wait(until) if until == later));
    assert!(matches!(lane.next(later), Step::Dash(None, _)));
    lane.dashes().shown(None, text("board"), None, None);
    // It begins anew.
    let refused = [(); 3].map(|()| lane.dashes().refused(None, later));
    assert_eq!(refused, [None, None, Some(MessageId(1))]);
    assert!(matches!(lane.next(later), Step::Idle));
}

#[test]
fn an_answer_comes_back_from_a_chat_that_is_gone() {
    let mut lane = lane(0);
    lane.give_up();
    assert!(lane.put_back(answer(1)).is_some());
    assert!(lane.say(answer(2)).is_some());
    lane.welcome();
    assert!(lane.put_back(answer(1)).is_none());
}
