//! From requests to mails and templates, with the bounds that they have.

use micro::{Error, Result};

use crate::service::address::Mailbox;
use crate::service::mail::{Draft, File};
use crate::service::message::content_type;
use crate::service::templates::{Mistake, Template};

use email_proto as proto;

/// Bytes of a text that stands in one line of a mail: a name, a subject.
const LONGEST_LINE: usize = 998;
/// Bytes of a text, and of HTML.
const LARGEST_BODY: usize = 1 << 20;
const MOST_FILES: usize = 20;
/// Bytes of all attachments; mail servers take hardly more.
const LARGEST_FILES: usize = 10 << 20;
const LONGEST_KEY: usize = 255;
const LONGEST_TEMPLATE_NAME: usize = 128;
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// A mail that can be sent.
pub fn draft(request: proto::SendRequest) -> Result<Draft> {
    check_line("email.Send.from", "a name", &request.from)?;
    check_line("email.Send.subject", "a subject", &request.subject)?;
    mailbox("email.Send.to", &request.to)?;
    if !request.reply_to.is_empty() {
        mailbox("email.Send.reply_to", &request.reply_to)?;
    }
    check_body("email.Send.text_body", &request.text_body)?;
    check_body("email.Send.html_body", &request.html_body)?;
    if request.text_body.is_empty() && request.html_body.is_empty() {
        let detail = "a mail has a text_body, an html_body, or both";
        return Err(Error::bad_request("email.Send.text_body", detail));
    }
    let key = &request.idempotency_key;
    if key.len() > LONGEST_KEY || key.chars().any(char::is_control) {
        let detail = format!("a key has at most {LONGEST_KEY} bytes and no control characters, not {key:?}");
        return Err(Error::bad_request("email.Send.idempotency_key", detail));
    }
    Ok(Draft {
        from: request.from,
        to: request.to,
        reply_to: request.reply_to,
        subject: request.subject,
        text: request.text_body,
        html: request.html_body,
        files: files(request.attachments)?,
        key: request.idempotency_key,
    })
}

/// One address, with or without a name.
pub fn mailbox(id: &str, text: &str) -> Result<Mailbox> {
    Mailbox::parse(text).ok_or_else(|| {
        let detail = format!("{text:?} is no address: write ann@example.org or Ann Lee <ann@example.org>");
        Error::bad_request(id, detail)
    })
}

/// A template that can be rendered.
pub fn template(request: proto::SaveTemplateRequest) -> Result<Template> {
    check_template_name("email.SaveTemplate.name", &request.name)?;
    check_line("email.SaveTemplate.subject", "a subject", &request.subject)?;
    check_body("email.SaveTemplate.text_body", &request.text_body)?;
    check_body("email.SaveTemplate.html_body", &request.html_body)?;
    if request.text_body.is_empty() && request.html_body.is_empty() {
        let detail = "a template has a text_body, an html_body, or both";
        return Err(Error::bad_request("email.SaveTemplate.text_body", detail));
    }
    let template = Template {
        name: request.name,
        subject: request.subject,
        text: request.text_body,
        html: request.html_body,
        ..Template::default()
    };
    let checked = template.check();
    checked.map_err(|found| mistake("email.SaveTemplate.syntax", found))?;
    Ok(template)
}

pub fn check_template_name(id: &str, name: &str) -> Result<()> {
    let fits = |letter: char| letter.is_alphanumeric() || "_.-".contains(letter);
    if name.is_empty() || name.len() > LONGEST_TEMPLATE_NAME || !name.chars().all(fits) {
        let detail = format!(
            "{name:?} is no name of a template: use 1 to {LONGEST_TEMPLATE_NAME} bytes of letters, digits and _.-"
        );
        return Err(Error::bad_request(id, detail));
    }
    Ok(())
}

/// What is wrong with a template as the error of a call.
pub fn mistake(id: &str, mistake: Mistake) -> Error {
    let detail = match mistake {
        Mistake::Syntax(place) => format!("{place:?} is no variable: write {{{{name}}}}"),
        Mistake::Missing(name) => {
            format!("the template has a variable {name:?}, and no value was given for it")
        }
    };
    Error::bad_request(id, detail)
}

fn files(attachments: Vec<proto::Attachment>) -> Result<Vec<File>> {
    let id = "email.Send.attachments";
    let size: usize = attachments
        .iter()
        .map(|attachment| attachment.content.len())
        .sum();
    if attachments.len() > MOST_FILES || size > LARGEST_FILES {
        let detail = format!(
            "a mail has at most {MOST_FILES} attachments of {LARGEST_FILES} bytes together, not {} of {size}",
            attachments.len()
        );
        return Err(Error::payload_too_large(id, detail));
    }
    attachments
        .into_iter()
        .map(|attachment| file(id, attachment))
        .collect()
}

fn file(id: &str, attachment: proto::Attachment) -> Result<File> {
    check_line(id, "a name of an attachment", &attachment.name)?;
    if attachment.name.is_empty() {
        return Err(Error::bad_request(id, "an attachment has a name"));
    }
    let kind = match attachment.content_type.as_str() {
        "" => UNKNOWN_TYPE,
        kind => kind,
    };
    if content_type(kind).is_none() {
        let detail = format!("{kind:?} is no type of an attachment: write it as in text/plain");
        return Err(Error::bad_request(id, detail));
    }
    Ok(File {
        content_type: kind.to_owned(),
        name: attachment.name,
        content: attachment.content,
    })
}

/// Nobody writes further headers into one.
fn check_line(id: &str, what: &str, text: &str) -> Result<()> {
    if text.len() > LONGEST_LINE || text.chars().any(char::is_control) {
        let detail = format!("{what} has at most {LONGEST_LINE} bytes, on one line");
        return Err(Error::bad_request(id, detail));
    }
    Ok(())
}

fn check_body(id: &str, text: &str) -> Result<()> {
    if text.len() > LARGEST_BODY {
        let detail = format!("a body has at most {LARGEST_BODY} bytes, not {}", text.len());
        return Err(Error::payload_too_large(id, detail));
    }
    Ok(())
}
