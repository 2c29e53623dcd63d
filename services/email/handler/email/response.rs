//! From mails and templates to responses.

use micro::bytes::Bytes;

use crate::service::mail::{Attachment, Mail, Via};
use crate::service::templates::Template;

use email_proto as proto;

/// A mail with its contents.
pub fn mail(mail: Mail, contents: Vec<Bytes>) -> proto::Mail {
    let attachments = mail.attachments.iter().zip(contents);
    let attachments = attachments.map(|(known, content)| proto::Attachment {
        content,
        ..attachment(known)
    });
    proto::Mail {
        attachments: attachments.collect(),
        text_body: mail.text.clone(),
        html_body: mail.html.clone(),
        ..listed(mail)
    }
}

/// A mail without them.
pub fn listed(mail: Mail) -> proto::Mail {
    proto::Mail {
        attachments: mail.attachments.iter().map(attachment).collect(),
        status: mail.status.word().to_owned(),
        via: mail.via.map(Via::word).unwrap_or_default().to_owned(),
        created: seconds(mail.created),
        updated: seconds(mail.updated),
        id: mail.id,
        from: mail.from,
        to: mail.to,
        reply_to: mail.reply_to,
        subject: mail.subject,
        error: mail.error,
        attempts: mail.attempts,
        ..proto::Mail::default()
    }
}

pub fn template(template: Template) -> proto::Template {
    proto::Template {
        name: template.name,
        subject: template.subject,
        text_body: template.text,
        html_body: template.html,
        created: template.created,
        updated: template.updated,
    }
}

fn attachment(known: &Attachment) -> proto::Attachment {
    proto::Attachment {
        name: known.name.clone(),
        content_type: known.content_type.clone(),
        size: i64::try_from(known.size).unwrap_or(i64::MAX),
        ..proto::Attachment::default()
    }
}

fn seconds(milliseconds: u64) -> i64 {
    i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX)
}
