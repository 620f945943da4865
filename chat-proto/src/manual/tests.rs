use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(sections(text, Heading::Section), expected);
}

#[test]
fn terms_and_what_is_said_of_them() {
    check(
        "Environment:\n  NAME        the name\n              to ask for\n  LONGER_NAME another\n\nExit status:\n  0  done",
        ".SH ENVIRONMENT\n.TP\n\\fBNAME\\fR\nthe name\nto ask for\n.TP\n\\fBLONGER_NAME\\fR\nanother\n\
         .SH EXIT STATUS\n.TP\n\\fB0\\fR\ndone\n",
    );
}

/// An example that is longer than the first column has its text in the next line, also if
/// it has a blank where the second column begins.
#[test]
fn long_terms() {
    check(
        "Examples:\n  serve     it\n  serve all of it\n            them all",
        ".SH EXAMPLES\n.TP\n\\fBserve\\fR\nit\n.TP\n\\fBserve all of it\\fR\nthem all\n",
    );
}

#[test]
fn a_term_alone_is_a_paragraph() {
    check("See:\n  nc(1)\n  ssh(1)", ".SH SEE\nnc(1)\n.PP\nssh(1)\n");
}

#[test]
fn parts_of_a_section() {
    let roff = sections("Exit status:\n  0  done", Heading::Subsection);
    assert_eq!(roff, ".SS Exit status\n.TP\n\\fB0\\fR\ndone\n");
}

#[test]
fn nothing_is_a_request() {
    for (text, expected) in [
        (".so file", "\\&.so file"),
        ("'tis", "\\&\\(aqtis"),
        ("a\\fBb", "a\\efBb"),
        ("--a ~/b `c` ^d", "\\-\\-a \\(ti/b \\(gac\\(ga \\(had"),
    ] {
        assert_eq!(escape(text), expected);
    }
    // Also where a line goes on.
    check("A:\n  b  c\n     .d", ".SH A\n.TP\n\\fBb\\fR\nc\n\\&.d\n");
}

#[test]
fn the_top_of_a_page() {
    let top = title("chat-x", "2026-11-30", "0.1.0 (abc1234)", "A chat.");
    assert_eq!(
        top,
        ".TH \"CHAT\\-X\" 1 \"2026-11-30\" \"chat\\-x 0.1.0 (abc1234)\" \"\"\n\
         .SH NAME\nchat\\-x \\- A chat\n"
    );
}
