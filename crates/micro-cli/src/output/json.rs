//! JSON made readable without being understood: order, numbers and escapes stay as they came.

/// The text with a line per value, indented with tabs. What is no JSON comes out much as it went in.
pub fn indent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0usize;
    let mut letters = text.trim().chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' => {
                out.push(c);
                string(&mut letters, &mut out);
            }
            '{' | '[' => {
                out.push(c);
                while letters.next_if(|c| c.is_whitespace()).is_some() {}
                if let Some(end) = letters.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

fn string(letters: &mut impl Iterator<Item = char>, out: &mut String) {
    while let Some(c) = letters.next() {
        out.push(c);
        match c {
            '"' => return,
            '\\' => out.extend(letters.next()),
            _ => {}
        }
    }
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    // Deeper is no place for people to read, and a text of brackets alone must not grow with its square.
    out.extend(std::iter::repeat_n('\t', depth.min(64)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn indented() {
        for (text, expected) in [
            ("{}", "{}"),
            ("[ ]", "[]"),
            ("null", "null"),
            (r#"{"b":1,"a":{"c":[1,2],"d":{}}}"#, "{\n\t\"b\": 1,\n\t\"a\": {\n\t\t\"c\": [\n\t\t\t1,\n\t\t\t2\n\t\t],\n\t\t\"d\": {}\n\t}\n}"),
            (r#"{"s":"a\"{,:}\\","n":1.50e3}"#, "{\n\t\"s\": \"a\\\"{,:}\\\\\",\n\t\"n\": 1.50e3\n}"),
            (r#"{ "k" : "\u003c" }"#, "{\n\t\"k\": \"\\u003c\"\n}"),
        ] {
            assert_eq!(indent(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "[\\[\\]{}:,\" a-z0-9\\\\]{0,64}") {
            let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(solid(&indent(&text)), solid(&text));
        }
    }
}
