use micro::serde_json::json;

use super::*;

fn wrong(value: Value) -> String {
    Settings::read(value).unwrap_err().detail
}

#[test]
fn without_settings_mails_stay_here() {
    let settings = Settings::read(Value::Null).unwrap();
    assert!(settings.smtp.is_none());
    assert_eq!(settings.address(), LOCAL);
}

#[test]
fn the_kind_of_encryption_decides_the_port() {
    for (tls, port) in [("starttls", 587), ("tls", 465), ("none", 25)] {
        let value = json!({"address": "a@b.c", "smtp": {"host": "mail.b.c", "tls": tls}});
        assert_eq!(Settings::read(value).unwrap().smtp.unwrap().port(), port);
    }
    let value = json!({"address": "a@b.c", "smtp": {"host": "mail.b.c", "port": 2525}});
    let smtp = Settings::read(value).unwrap().smtp.unwrap();
    assert_eq!((smtp.port(), smtp.tls), (2525, Tls::Starttls));
}

#[test]
fn a_mistake_is_said_and_nothing_is_guessed() {
    for (value, why) in [
        (json!({"adress": "a@b.c"}), "unknown field `adress`"),
        (
            json!({"smtp": {"host": "mail.b.c"}}),
            "email.address: \"\" is no address",
        ),
        (json!({"address": "a@b.c", "smtp": {}}), "missing field `host`"),
        (
            json!({"address": "a@b.c", "smtp": {"host": ""}}),
            "email.smtp.host",
        ),
        (
            json!({"address": "a@b.c", "smtp": {"host": "mail.b.c", "tls": "ssl"}}),
            "unknown variant `ssl`",
        ),
        (
            json!({"address": "a@b.c", "smtp": {"host": "mail.b.c", "tls": "none", "username": "a"}}),
            "a password is sent in clear to no other machine",
        ),
    ] {
        let detail = wrong(value);
        assert!(detail.contains(why), "{detail}");
    }
}

#[test]
fn a_password_is_never_printed() {
    let smtp = json!({"host": "mail.b.c", "username": "a", "password": "open sesame"});
    let settings = Settings::read(json!({"address": "a@b.c", "smtp": smtp})).unwrap();
    assert_eq!(settings.smtp.as_ref().unwrap().password.expose(), "open sesame");
    assert!(!format!("{settings:?}").contains("sesame"));
}
