//! What a character is to a name: kept, made equal to its usual form, let go of, or refused.

use crate::dress::is_invisible;

/// What becomes of a character of a name. The characters inside are the usual forms to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameChar {
    /// A Chinese character that GBK has.
    Han(char),
    /// A Chinese character that GBK has not.
    RareHan(char),
    /// A Latin letter of ASCII.
    Latin(char),
    /// A Latin letter with accents, which GBK mostly has not.
    Accented(char),
    /// Hyphen, apostrophe or period of a Latin name.
    Joint(char),
    /// The middle dot, in whatever code point it came.
    Dot,
    /// White space of any kind.
    Space,
    /// An invisible mark without meaning: let go of.
    Nothing,
    /// Refused, and why.
    Refused(Refused),
}

/// Why a character stands in no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Digit,
    Emoji,
    Markup,
    Control,
    Lookalike,
    Star,
    Other,
}

/// Tells what a character is.
pub(super) fn name_char(c: char) -> NameChar {
    match c {
        '\u{4e00}'..='\u{9fa5}' => NameChar::Han(c),
        'A'..='Z' | 'a'..='z' => NameChar::Latin(c),
        ' ' | '\t' | '\n' | '\r' => NameChar::Space,
        '-' | '\'' | '.' | ',' | '/' => NameChar::Joint(c),
        _ if c.is_ascii() => NameChar::Refused(refused_ascii(c)),
        _ => beyond_ascii(c),
    }
}

fn refused_ascii(c: char) -> Refused {
    match c {
        '0'..='9' => Refused::Digit,
        '*' => Refused::Star,
        '<' | '>' | '&' | '"' | '`' | '{' | '}' | '[' | ']' | '|' | '\\' | '=' | ';' | '$' => {
            Refused::Markup
        }
        _ if c.is_ascii_control() => Refused::Control,
        _ => Refused::Other,
    }
}

fn beyond_ascii(c: char) -> NameChar {
    match c {
        // The middle dot itself, bullets and points that keyboards put for it, katakana dots, the
        // Greek and Canadian ones that fonts show alike, and the ideographic full stop.
        '·' | '•' | '‧' | '⋅' | '∙' | '・' | '･' | '⸱' | '⸳' | '\u{387}' | '᛫' | 'ᐧ' | '․'
        | '．' | '。' | '｡' | '﹒' | 'ㆍ' => NameChar::Dot,
        '〇' => NameChar::Han(c),
        '\u{3400}'..='\u{4dbf}'
        | '\u{9fa6}'..='\u{9fff}'
        | '\u{20000}'..='\u{2ee5d}'
        | '\u{30000}'..='\u{3347f}' => NameChar::RareHan(c),
        '\u{f900}'..='\u{faff}' | '\u{2f800}'..='\u{2fa1f}' => compatibility(c),
        '\u{2f00}'..='\u{2fd5}' => radical(c),
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' => narrow(c).map_or(OTHER, NameChar::Latin),
        '＇' | '’' | '‘' | 'ʼ' => NameChar::Joint('\''),
        '－' | '‐' | '‑' | '–' | '—' => NameChar::Joint('-'),
        '，' => NameChar::Joint(','),
        '／' => NameChar::Joint('/'),
        'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ɏ' | '\u{1e00}'..='\u{1eff}' => NameChar::Accented(c),
        '\u{300}'..='\u{36f}' => NameChar::Accented(c),
        _ if is_variation_selector(c) || is_invisible(c) => NameChar::Nothing,
        _ if c.is_whitespace() => NameChar::Space,
        _ => NameChar::Refused(refused_beyond_ascii(c)),
    }
}

const OTHER: NameChar = NameChar::Refused(Refused::Other);

fn refused_beyond_ascii(c: char) -> Refused {
    match c {
        '０'..='９' => Refused::Digit,
        '＊' | '●' | '×' | '█' => Refused::Star,
        '＜' | '＞' | '＆' | '＂' | '｛' | '｝' | '；' => Refused::Markup,
        // Overrides and isolates of direction, annotation and tag characters.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fff9}'..='\u{fffb}' => {
            Refused::Control
        }
        '\u{e0000}'..='\u{e007f}' => Refused::Control,
        _ if c.is_control() => Refused::Control,
        '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' => {
            Refused::Emoji
        }
        '\u{20e3}' | '\u{2300}'..='\u{23ff}' => Refused::Emoji,
        // Greek, Cyrillic, Armenian and Cherokee letters that look Latin; katakana, radicals,
        // strokes and circles that look Chinese; mathematical letters; private code points.
        '\u{370}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}' | '\u{1c80}'..='\u{1c8f}' => {
            Refused::Lookalike
        }
        '\u{30a0}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}' | '\u{2e80}'..='\u{2eff}' => {
            Refused::Lookalike
        }
        '\u{31c0}'..='\u{31ef}' | '○' | '◯' | '\u{1d400}'..='\u{1d7ff}' => Refused::Lookalike,
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. => Refused::Lookalike,
        _ => Refused::Other,
    }
}

/// Twelve of the compatibility ideographs are characters of their own; the others only look like
/// the one a bank holds.
fn compatibility(c: char) -> NameChar {
    match c {
        '\u{fa0e}'
        | '\u{fa0f}'
        | '\u{fa11}'
        | '\u{fa13}'
        | '\u{fa14}'
        | '\u{fa1f}'
        | '\u{fa21}'
        | '\u{fa23}'
        | '\u{fa24}'
        | '\u{fa27}'..='\u{fa29}' => NameChar::RareHan(c),
        _ => NameChar::Refused(Refused::Lookalike),
    }
}

/// The 214 radicals of the Kangxi dictionary, in order, as ordinary characters.
const RADICALS: &str = "\
    一丨丶丿乙亅二亠人儿入八冂冖冫几凵刀力勹匕匚匸十卜卩厂厶又口囗土士夂夊夕大女子宀寸小尢尸\
    屮山巛工己巾干幺广廴廾弋弓彐彡彳心戈戶手支攴文斗斤方无日曰月木欠止歹殳毋比毛氏气水火爪父\
    爻爿片牙牛犬玄玉瓜瓦甘生用田疋疒癶白皮皿目矛矢石示禸禾穴立竹米糸缶网羊羽老而耒耳聿肉臣自\
    至臼舌舛舟艮色艸虍虫血行衣襾見角言谷豆豕豸貝赤走足身車辛辰辵邑酉釆里金長門阜隶隹雨靑非面\
    革韋韭音頁風飛食首香馬骨高髟鬥鬯鬲鬼魚鳥鹵鹿麥麻黃黍黑黹黽鼎鼓鼠鼻齊齒龍龜龠";

/// A radical that came in place of the ordinary character, as from a scanned document.
fn radical(c: char) -> NameChar {
    let place = usize::try_from(u32::from(c) - 0x2f00).unwrap_or(usize::MAX);
    RADICALS.chars().nth(place).map_or(OTHER, name_char)
}

fn narrow(c: char) -> Option<char> {
    char::from_u32(u32::from(c) - 0xfee0)
}

const fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radicals_become_ordinary_characters() {
        assert_eq!(RADICALS.chars().count(), 214);
        assert_eq!(name_char('⽂'), NameChar::Han('文'));
        assert_eq!(name_char('⿕'), NameChar::Han('龠'));
        for c in '\u{2f00}'..='\u{2fd5}' {
            assert!(matches!(name_char(c), NameChar::Han(_)), "{c}");
        }
    }

    #[test]
    fn what_gbk_has_and_has_not() {
        for c in ['张', '镕', '〇', '龥'] {
            assert!(matches!(name_char(c), NameChar::Han(_)), "{c}");
        }
        for c in ['䶮', '㛃', '𬭚', '𠅤', '龦', '\u{fa0e}'] {
            assert!(matches!(name_char(c), NameChar::RareHan(_)), "{c}");
        }
    }
}
