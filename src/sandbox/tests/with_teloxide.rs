//! The sandbox through teloxide, whose types are stricter readers than ours.

use teloxide::{
    payloads::{EditMessageTextSetters, SendMessageSetters, SetMyCommandsSetters},
    prelude::{Bot, Request, Requester},
    types::{
        BotCommand, BotCommandScope, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, InputMedia,
        InputMediaPhoto, ParseMode, ReplyParameters, UpdateKind,
    },
};

use super::{super::Options, Bench, sending::picture};

#[tokio::test]
async fn the_bots_methods_work_through_teloxide() {
    let bench = Bench::new().await;
    let bot = Bot::new(Options::default().token).set_api_url(bench.sandbox.url().parse().unwrap());
    let chat = teloxide::types::ChatId(bench.chat.0);
    assert_eq!(bot.get_me().send().await.unwrap().username(), "jobboard_sandbox_bot");
    let commands = [BotCommand::new("help", "What can be said")];
    bot.set_my_commands(commands).scope(BotCommandScope::Default).send().await.unwrap();

    let said = bench.telegram().say(bench.chat, bench.ann, "/fib 10");
    let updates = bot.get_updates().send().await.unwrap();
    let UpdateKind::Message(message) = &updates[0].kind else { panic!("{updates:?}") };
    assert_eq!((message.text(), message.id.0), (Some("/fib 10"), said.0));
    assert_eq!(message.parse_entities().unwrap()[0].text(), "/fib");

    let keyboard = InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Kill", "kill:1")]]);
    let sent = bot.send_message(chat, "<b>34</b>").parse_mode(ParseMode::Html);
    let sent =
        sent.reply_parameters(ReplyParameters::new(message.id)).reply_markup(keyboard).send().await.unwrap();
    assert_eq!(sent.reply_to_message().map(|replied| replied.id), Some(message.id));
    let edited =
        bot.edit_message_text(chat, sent.id, "<i>x</i>").parse_mode(ParseMode::Html).send().await.unwrap();
    assert!(edited.edit_date().is_some());

    bench.telegram().press(bench.chat, bench.ann, super::super::MessageId(sent.id.0), "kill:1");
    let updates = bot.get_updates().send().await.unwrap();
    let UpdateKind::CallbackQuery(query) = &updates[1].kind else { panic!("{updates:?}") };
    assert_eq!(query.data.as_deref(), Some("kill:1"));
    bot.answer_callback_query(query.id.clone()).send().await.unwrap();

    let file = InputFile::memory("12345").file_name("fib.txt");
    let sent_file = bot.send_document(chat, file).send().await.unwrap();
    assert_eq!(sent_file.document().and_then(|document| document.file_name.as_deref()), Some("fib.txt"));
    let photo = bot.send_photo(chat, InputFile::memory(picture(40, 30))).send().await.unwrap();
    assert_eq!(
        photo.photo().map(|sizes| sizes.last().map(|size| (size.width, size.height))),
        Some(Some((40, 30)))
    );
    let media = InputMedia::Photo(InputMediaPhoto::new(InputFile::memory(picture(96, 96))));
    let shown = bot.edit_message_media(chat, sent.id, media).send().await.unwrap();
    assert!(shown.photo().is_some());
    bot.delete_message(chat, sent.id).send().await.unwrap();
    bench.telegram().block(bench.ann);
    let updates = bot.get_updates().send().await.unwrap();
    assert!(matches!(updates[2].kind, UpdateKind::MyChatMember(_)), "{updates:?}");
}
