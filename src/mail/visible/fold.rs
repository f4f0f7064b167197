//! Letters made plain, so that one list of words meets every way of writing them.

/// `text` in lower case, without accents, apostrophes and spaces of one kind, runs of blanks as one, the stars of
/// text-mode bold gone. Linear, and never longer than its input but for a few ligatures.
pub(in crate::mail) fn fold(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut blank = true;
    let mut at = 0;
    loop {
        // Words that are plain already are most of any mail: they are copied as they stand.
        let run = bytes.get(at..).unwrap_or_default();
        let mut stays = |b: u8| {
            let space = b == b' ';
            let stays = if space { !blank } else { STAYS.get(usize::from(b)).is_some_and(|stays| *stays) };
            blank = if stays { space } else { blank };
            stays
        };
        let run = run.get(..run.iter().copied().take_while(|b| stays(*b)).count()).unwrap_or_default();
        out.extend_from_slice(run);
        at += run.len();
        let Some(&b) = bytes.get(at) else { break };
        if b.is_ascii_uppercase() {
            out.push(b.to_ascii_lowercase());
            blank = false;
            at += 1;
            continue;
        }
        if b == b' ' {
            at += 1;
            continue;
        }
        let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
        at += c.len_utf8();
        match if c.is_ascii() { c } else { plain(c) } {
            ' ' | '\t' | '\n' | '\r' => {
                if !blank {
                    out.push(b' ');
                }
                blank = true;
            }
            '*' | '\u{fffe}' => {}
            '\u{153}' => {
                out.extend_from_slice(b"oe");
                blank = false;
            }
            '\u{df}' => {
                out.extend_from_slice(b"ss");
                blank = false;
            }
            c => {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                blank = false;
            }
        }
    }
    if blank {
        out.pop();
    }
    // Whole characters were pushed, so nothing can fail here.
    String::from_utf8(out).unwrap_or_default()
}

/// The bytes that folding leaves as they are, wherever they stand.
static STAYS: [bool; 256] = {
    let mut stays = [false; 256];
    let mut b = b'!';
    while b <= b'~' {
        stays[b as usize] = !b.is_ascii_uppercase() && b != b'*';
        b += 1;
    }
    stays
};

/// One letter without its accent, in lower case; `U+FFFE` for what is dropped.
fn plain(c: char) -> char {
    match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'À' | 'Á' | 'Â' | 'Ã' | 'Ä' | 'Å' => 'a',
        'ç' | 'Ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' | 'È' | 'É' | 'Ê' | 'Ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' | 'Ì' | 'Í' | 'Î' | 'Ï' => 'i',
        'ñ' | 'Ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ö' | 'Ø' => 'o',
        'ù' | 'ú' | 'û' | 'ü' | 'Ù' | 'Ú' | 'Û' | 'Ü' => 'u',
        'ý' | 'ÿ' | 'Ý' | 'Ÿ' => 'y',
        'œ' | 'Œ' => '\u{153}',
        '’' | '‘' | 'ʼ' | '´' | '`' | '′' => '\'',
        '“' | '”' | '„' | '«' | '»' => '"',
        '–' | '—' | '‐' | '‑' | '−' | '\u{2015}' => '-',
        '：' => ':',
        '…' => '.',
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => '\u{fffe}',
        c if c.is_whitespace() => ' ',
        c => c.to_lowercase().next().unwrap_or(c),
    }
}
