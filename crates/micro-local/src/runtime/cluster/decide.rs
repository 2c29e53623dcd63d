//! What a server does about a service.

use std::path::Path;

use micro::runtime::Key;

use super::super::desired::Desired;
use super::board::Board;

/// One step; when it is done, or others have taken one, it is decided anew.
#[derive(Debug, PartialEq)]
pub enum Action {
    /// Makes it this server's: it is nobody's, or that of a server that has gone.
    Claim { seen: Option<u64> },
    /// Runs what is this server's.
    Start,
    /// Carries out a request that came since.
    Take,
    /// Ends what another server runs.
    Leave,
    /// Ends and forgets what is to run no more.
    Forget,
    /// Removes a claim on nothing.
    Release { seen: u64 },
}

/// `here` is the last request that this server's instance of the service has taken up, where it has one.
pub fn decide(
    board: &Board,
    key: &Key,
    here: Option<&str>,
    is_readable: impl FnOnce(&Desired) -> bool,
) -> Option<Action> {
    if board.is_closing {
        return None;
    }
    let (claim, is_mine) = (board.claims.get(key), board.is_mine(key));
    let seen = claim.map(|claim| claim.version);
    let Some(desired) = board.services.get(key) else {
        let is_nobodys = is_mine || board.is_free(key);
        return match (here, seen) {
            (Some(_), _) => Some(Action::Forget),
            (None, Some(seen)) if is_nobodys => Some(Action::Release { seen }),
            (None, _) => None,
        };
    };
    match here {
        Some(request) if is_mine => (request != desired.request).then_some(Action::Take),
        // It is not ended for want of a claim, only because it runs elsewhere.
        Some(_) if claim.is_none() => Some(Action::Claim { seen: None }),
        Some(_) => Some(Action::Leave),
        None if is_mine => Some(Action::Start),
        None if board.is_free(key) && is_readable(desired) => Some(Action::Claim { seen }),
        None => None,
    }
}

/// Whether this machine has the source: a folder of another one is not to be had.
pub fn is_readable(desired: &Desired) -> bool {
    folder_of_one_machine(desired).is_none_or(|folder| Path::new(&folder).exists())
}

/// The folder that the source is, where it is one.
pub fn folder_of_one_machine(desired: &Desired) -> Option<String> {
    let address = desired.address().ok().flatten()?;
    address.repository.strip_prefix("file://").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use micro::runtime::Create;

    use super::super::board::{Claim, Member};
    use super::*;

    #[test]
    fn the_table_of_decisions() {
        let key = Key::new("micro", "greeter", "");
        let asked = Desired {
            request: "2".to_owned(),
            ..Desired::new(Create::new(key.clone()), BTreeMap::new())
        };
        let claim = Action::Claim { seen: None };
        let take_over = Action::Claim { seen: Some(7) };
        let release = Action::Release { seen: 7 };
        for (is_asked, claimed_by, here, expected) in [
            (true, "", None, Some(claim)),
            (true, "me", None, Some(Action::Start)),
            (true, "me", Some("1"), Some(Action::Take)),
            (true, "me", Some("2"), None),
            (true, "other", None, None),
            (true, "other", Some("2"), Some(Action::Leave)),
            (true, "dead", None, Some(take_over)),
            (true, "dead", Some("2"), Some(Action::Leave)),
            (true, "", Some("2"), Some(Action::Claim { seen: None })),
            (false, "", None, None),
            (false, "", Some("2"), Some(Action::Forget)),
            (false, "me", Some("2"), Some(Action::Forget)),
            (false, "me", None, Some(release)),
            (false, "dead", None, Some(Action::Release { seen: 7 })),
            (false, "other", None, None),
        ] {
            let mut board = Board::new("me");
            for server in ["me", "other"] {
                let member = Member {
                    address: String::new(),
                    is_leaving: false,
                };
                board.servers.insert(server.to_owned(), member);
            }
            if is_asked {
                board.services.insert(key.clone(), asked.clone());
            }
            if !claimed_by.is_empty() {
                let claim = Claim {
                    server: claimed_by.to_owned(),
                    version: 7,
                };
                board.claims.insert(key.clone(), claim);
            }
            let case = format!("asked {is_asked}, claimed by {claimed_by:?}, here {here:?}");
            assert_eq!(decide(&board, &key, here, |_| true), expected, "{case}");
            board.is_closing = true;
            assert_eq!(decide(&board, &key, here, |_| true), None, "{case}");
        }
    }
}
