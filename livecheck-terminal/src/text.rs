//! Text on a terminal of some width.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cuts a line of plain text to that many columns.
#[must_use]
pub fn cut(line: &str, columns: usize) -> String {
    if line.width() <= columns {
        return line.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for character in line.chars() {
        used += character.width().unwrap_or(0);
        if used > columns {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept
}

/// Each line of a text, indented; and broken between words where it would go beyond that many columns.
///
/// Other people's texts come through here: what would move the cursor is taken out.
#[must_use]
pub fn block(text: &str, indent: usize, columns: Option<usize>) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line = plain(line);
        let own = line.len() - line.trim_start().len();
        // On a terminal that is so narrow, breaking the lines helps nobody.
        let room = columns.map(|columns| columns.saturating_sub(indent + own)).filter(|&room| room >= 20);
        for part in broken(line.trim(), room) {
            if !part.is_empty() {
                out.push_str(&" ".repeat(indent + own));
                out.push_str(&part);
            }
            out.push('\n');
        }
    }
    out
}

/// A text without escape sequences and control characters, on one line.
#[must_use]
pub fn plain(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string().replace('\t', "    ");
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn broken(line: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room else { return vec![line.to_owned()] };
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in line.split_inclusive(' ') {
        let width = word.trim_end().width();
        if used > 0 && used + width > room {
            lines.push(String::new());
            used = 0;
        }
        if let Some(last) = lines.last_mut() {
            last.push_str(word);
        }
        used += word.width();
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// `1 case`, `2 cases`.
#[must_use]
pub fn plural(count: impl TryInto<u64>, one: &str, many: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_in_columns_and_not_in_bytes() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
    }

    #[test]
    fn a_block_is_broken_between_words_and_keeps_its_own_indent() {
        let text = "one two three four five six\n  left: 1\n\nend";
        assert_eq!(block(text, 2, Some(22)), "  one two three four\n  five six\n    left: 1\n\n  end\n");
        assert_eq!(block("one two", 2, None), "  one two\n");
        let long = "x".repeat(60);
        assert_eq!(block(&long, 0, Some(30)), format!("{long}\n"), "a word is never broken");
    }

    #[test]
    fn nothing_in_a_text_moves_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{7}d"), "ab cd");
    }
}
