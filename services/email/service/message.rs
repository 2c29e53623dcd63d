//! A mail as it travels: MIME, made by the library that sends it.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox as Named, MultiPart, SinglePart};
use micro::bytes::Bytes;

use super::address::Mailbox;
use super::mail::Mail;
use super::settings::Settings;

/// The mail's id for mail servers and readers. It is the same at each attempt, so that a mail that arrives twice is seen to.
pub fn message_id(mail: &Mail, settings: &Settings) -> String {
    let domain = settings
        .address()
        .rsplit_once('@')
        .map_or("localhost", |(_, domain)| domain);
    format!("<{}@{domain}>", mail.id)
}

/// The whole of it.
///
/// # Errors
///
/// What is wrong with the mail, in words: it will never be sent.
pub fn message(mail: &Mail, contents: Vec<Bytes>, settings: &Settings) -> Result<Message, String> {
    let name = [&mail.from, &settings.name]
        .into_iter()
        .find(|name| !name.is_empty());
    let from = named(settings.address())?;
    let mut builder = Message::builder()
        .from(Named::new(name.cloned(), from.email))
        .to(named(&mail.to)?)
        .subject(mail.subject.as_str())
        .date(UNIX_EPOCH + Duration::from_millis(mail.created))
        .message_id(Some(message_id(mail, settings)));
    if !mail.reply_to.is_empty() {
        builder = builder.reply_to(named(&mail.reply_to)?);
    }
    let text = || SinglePart::plain(mail.text.clone());
    let html = || SinglePart::html(mail.html.clone());
    let message = if !contents.is_empty() {
        let body = match (mail.text.is_empty(), mail.html.is_empty()) {
            (_, true) => MultiPart::mixed().singlepart(text()),
            (true, false) => MultiPart::mixed().singlepart(html()),
            (false, false) => MultiPart::mixed().multipart(both(mail)),
        };
        builder.multipart(with_files(body, mail, contents)?)
    } else {
        match (mail.text.is_empty(), mail.html.is_empty()) {
            (_, true) => builder.singlepart(text()),
            (true, false) => builder.singlepart(html()),
            (false, false) => builder.multipart(both(mail)),
        }
    };
    message.map_err(|error| error.to_string())
}

fn both(mail: &Mail) -> MultiPart {
    MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone())
}

fn with_files(mut body: MultiPart, mail: &Mail, contents: Vec<Bytes>) -> Result<MultiPart, String> {
    for (file, content) in mail.attachments.iter().zip(contents) {
        let kind =
            content_type(&file.content_type).ok_or_else(|| format!("{:?} is no type", file.content_type))?;
        body = body.singlepart(Attachment::new(file.name.clone()).body(content.to_vec(), kind));
    }
    Ok(body)
}

/// What a file is, as mails say it; `None` for what says nothing.
pub fn content_type(text: &str) -> Option<ContentType> {
    ContentType::parse(text).ok()
}

fn named(text: &str) -> Result<Named, String> {
    let mailbox = Mailbox::parse(text).ok_or_else(|| format!("{text:?} is no address"))?;
    let name = Some(mailbox.name).filter(|name| !name.is_empty());
    Ok(Named::new(name, mailbox.address))
}
