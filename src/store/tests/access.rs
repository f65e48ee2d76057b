//! Who is let in, and whether the bot is paused.

use super::*;

const OTHER: ChatId = ChatId(-7);
const THERE: ChatId = ChatId(-1_000_000_000_007);

fn access(chat: ChatId, allowed: bool) -> Write {
    Write::Access { chat, allowed }
}

#[test]
fn the_last_word_on_a_chat_counts_and_moves_with_it() {
    let folder = folder();
    let (store, loaded) = open(&folder);
    assert_eq!((loaded.access, loaded.paused), (vec![], false));
    write(&store, access(CHAT, true));
    write(&store, access(OTHER, true));
    write(&store, access(OTHER, false));
    let loaded = open(&crashed(&folder)).1;
    assert_eq!(loaded.access, [(CHAT, true), (OTHER, false)]);
    assert_eq!(loaded.denied().collect::<Vec<_>>(), [OTHER]);

    write(&store, Write::Move { from: OTHER, to: THERE });
    assert_eq!(open(&crashed(&folder)).1.access, [(THERE, false), (CHAT, true)]);
    // Of the new chat something was said already.
    write(&store, Write::Move { from: CHAT, to: THERE });
    assert_eq!(open(&crashed(&folder)).1.access, [(THERE, false)]);
}

#[test]
fn a_pause_outlives_the_process() {
    let folder = folder();
    let (store, _) = open(&folder);
    for paused in [true, false, true] {
        write(&store, Write::Paused(paused));
        assert_eq!(open(&crashed(&folder)).1.paused, paused);
    }
}
