//! The domain's types as the contract's.

use crate::proto;
use crate::service::account::Account;
use crate::service::letters::Wording;
use crate::service::session::Session;

/// Without what is secret.
pub(super) fn account(account: Account) -> proto::Account {
    proto::Account {
        id: account.id,
        username: account.username,
        email: account.email,
        created: account.created,
        updated: account.updated,
        verified: account.verified,
        verification_date: account.verification_date,
        profile: account.profile,
    }
}

pub(super) fn session(session: Session) -> proto::Session {
    proto::Session {
        id: session.id,
        user_id: session.user,
        created: session.created,
        expires: session.expires,
    }
}

pub(super) fn wording(from_name: String, subject: String, text: String) -> Wording {
    Wording {
        from_name,
        subject,
        text,
    }
}
