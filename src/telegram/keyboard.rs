//! Buttons as they are sent: teloxide's, with the colours that its types do not know yet.

use serde::{Serialize, Serializer, ser::SerializeSeq};
use teloxide::{
    requests::Payload,
    types::{InlineKeyboardButton, InlineKeyboardButtonKind, InlineKeyboardMarkup},
};

use super::{
    api::{Api, ApiError, Feature},
    buttons::Button,
};

/// An inline keyboard, with colours or without.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coloured<'a> {
    markup: &'a InlineKeyboardMarkup,
    styled: bool,
}

impl<'a> Coloured<'a> {
    /// With colours, if the server takes them.
    pub(super) fn new(api: &Api, markup: &'a InlineKeyboardMarkup) -> Self {
        Self { markup, styled: api.takes(Feature::ButtonStyles) && has_colours(markup) }
    }

    /// The same without colours, where this was their fault.
    pub(super) fn plainer(self, api: &Api, error: &ApiError) -> Option<Self> {
        if !self.styled || !error.is_about_buttons() {
            return None;
        }
        api.refuse(Feature::ButtonStyles);
        Some(Self { styled: false, ..self })
    }
}

impl Serialize for Coloured<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Markup<'a> {
            inline_keyboard: Rows<'a>,
        }
        if !self.styled {
            return self.markup.serialize(serializer);
        }
        Markup { inline_keyboard: Rows(&self.markup.inline_keyboard) }.serialize(serializer)
    }
}

struct Rows<'a>(&'a [Vec<InlineKeyboardButton>]);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.0.len()))?;
        for row in self.0 {
            let styled = |button| Styled { button, style: style(button) };
            rows.serialize_element(&row.iter().map(styled).collect::<Vec<_>>())?;
        }
        rows.end()
    }
}

#[derive(Serialize)]
struct Styled<'a> {
    #[serde(flatten)]
    button: &'a InlineKeyboardButton,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<&'static str>,
}

/// The colour of a button: red for what cannot be taken back.
fn style(button: &InlineKeyboardButton) -> Option<&'static str> {
    let InlineKeyboardButtonKind::CallbackData(data) = &button.kind else { return None };
    Button::is_danger(data).then_some("danger")
}

fn has_colours(markup: &InlineKeyboardMarkup) -> bool {
    markup.inline_keyboard.iter().flatten().any(|button| style(button).is_some())
}

/// Any of teloxide's payloads with our keyboard in place of its own.
#[derive(Serialize)]
struct With<'a, P> {
    #[serde(flatten)]
    call: &'a P,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<Coloured<'a>>,
}

impl<P: Payload> Payload for With<'_, P> {
    type Output = P::Output;

    const NAME: &'static str = P::NAME;
}

/// Makes a call with a keyboard: with colours first, and without where the server refuses them.
pub(super) async fn call<P: Payload + Serialize, T: serde::de::DeserializeOwned>(
    api: &Api,
    call: &P,
    markup: Option<&InlineKeyboardMarkup>,
) -> Result<T, ApiError> {
    let Some(markup) = markup else { return api.call(call).await };
    let keyboard = Coloured::new(api, markup);
    match api.call(&With { call, reply_markup: Some(keyboard) }).await {
        Err(error) => match keyboard.plainer(api, &error) {
            Some(plain) => api.call(&With { call, reply_markup: Some(plain) }).await,
            None => Err(error),
        },
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{
            buttons::{Key, row},
            dash::View,
        },
        *,
    };
    use crate::{
        job::{ChatId, JobId},
        store::Secret,
    };

    #[test]
    fn only_what_cannot_be_taken_back_is_red_and_the_rest_is_as_it_was() {
        let (id, asker) = (JobId(3), 7);
        let buttons = [
            (Button::Kill(id), true),
            (Button::KillThese { first: id, more: 0, asker }, true),
            (Button::KillAll { last: id, own: true, asker }, true),
            (Button::Retry(id), false),
            (Button::Page(View::first(2)), false),
            (Button::Keep { asker }, false),
        ];
        let keyboard = row(buttons.iter().map(|(button, _)| button.labelled("x")).collect());
        let markup = keyboard.markup(&Key::new(&Secret::default()), ChatId(1));
        let mut styled = json!(Coloured { markup: &markup, styled: true });
        for (at, (button, is_red)) in buttons.iter().enumerate() {
            let sent = styled["inline_keyboard"][0][at].as_object_mut().unwrap();
            assert_eq!(sent.remove("style"), is_red.then(|| json!("danger")), "{button:?}");
        }
        assert_eq!(styled, json!(markup));
        assert_eq!(json!(Coloured { markup: &markup, styled: false }), json!(markup));
    }
}
