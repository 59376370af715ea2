package io.flm.worker.task.score;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * One kind of token in captions: how it is recognised and what it is called.
 *
 * @param pattern its first group is the token; what it matches behind that is only looked at
 * @param spelling what is counted for the token; spaces divide it
 */
record TokenRule(Pattern pattern, UnaryOperator<String> spelling) {
    private static final String LETTER = "[\\p{L}&&[\\x{0}-\\x{FFFF}]]";
    private static final String MARK =
            "[\\x{2C2}-\\x{2C5}\\x{2D2}-\\x{2DF}\\x{2E5}-\\x{2EB}\\x{2EF}-\\x{2FF}[\\p{Mn}\\p{Mc}&&[\\x{0}-\\x{ECD}]]]";
    private static final String MARKED = "[" + LETTER + MARK + "]";

    /** Of letters and digits, or of letters and marks. */
    private static final String WORD = "(?:" + MARKED + "*" + MARK + MARKED + "*|[" + LETTER + "\\p{Nd}]+)";

    private static final String APOSTROPHE = "['\u2019\u0092]";
    private static final String NEGATION = "n['\u2019\u0092`]t";

    /** {@code d'angelo l'eau o'brien}: the apostrophe is part of the word. */
    private static final String ELIDED = "(?:[dlno]" + APOSTROPHE + LETTER + "{2,})";

    /** {@code well-known jack-o'neil}. */
    private static final String HYPHENATED =
            "(?:" + ELIDED + "|" + WORD + ")(?:[-_\u058a\u2010\u2011](?:" + ELIDED + "|" + WORD + "))*";

    /** Of {@code he/she/it}. */
    private static final String SIDE = "[a-z0-9]+(?:-[a-z]+){0,2}";

    /** Cut off the word before it: {@code 's 'll}. */
    private static final String CUT = "(?:'(?:s|m|d|ll|re|ve)(?!" + LETTER + ")|[\u2019\u0092](?:s|m|d|ll|re|ve))";

    private static final String NUMBER = "[-+]?(?:\\p{Nd}*(?:[.:,\u066b\u066c]\\p{Nd}+)+|\\p{Nd}+)";

    /** Short forms that may end a sentence; the last ones only with a capital. */
    private static final String SHORT =
            "(?:al|co|ct|ga|jr|ky|md|mo|rd|rt|sq|sr|va|vt|ala|apr|aug|bhd|cos|dak|dec|esq|est|etc|ext|feb|fla"
                    + "|fri|inc|ind|jan|jul|jun|kan|ltd|mar|mon|neb|nev|nov|oct|plc|sept?|seq|sys|tel|thu|tue|wed|wisc?|wyo|ariz|assn"
                    + "|bldg|blvd|bros|colo|conn|corp|intl|kans|mich|minn|mont|okla|penn|tenn|tues|univ|calif|thurs"
                    + "|(?-i:[Pp]pt[ey]|[Pp]t[ey]s?)|(?-i:[A-Z])(?:(?<=A)z|(?<=L)a|(?<=P)a|(?<=A)rk|(?<=D)el|(?<=I)ll|(?<=O)re|(?<=T)ex"
                    + "|(?<=M)ass|(?<=M)iss|(?<=W)ash))";

    /** Short forms, such as titles, that something always follows. */
    private static final String TITLE =
            "(?:cf|dr|ft|lt|mr|ms|mt|ph|st|vs|wm|adj|adm|adv|ave|cie|col|cpl|det|drs|ens|gen|govs?|hon|jos"
                    + "|maj|(?-i:[Mm]fg|[Mm]tg)|mme|mrs|pfc|pvt|reps?|rev|sens?|sfc|sgt|spc|ste|alex|asst|attys?|brig|capt|cmdr|dept|elec|insp"
                    + "|invt|mlle|msgr|natl|pres|profs?|supts?|messrs|assoc|comdr|lieut|treas)";

    /** Words that begin a sentence behind a letter with a dot: {@code Vitamin C. The ...} */
    private static final String BEGINNING =
            "(?:The|An?|This|That|These|There|It|He|She|We|You|They|In|At|But|So|If|When|While|As|After"
                    + "|Since|One|Some|Many|More|Other|Her|Our|Their|What|Now|Then|Here|However|Such|According|About|Last|Earlier|Once|Yet)";

    private static final Map<String, String> CHARACTERS = Map.ofEntries(
            Map.entry("(", "-lrb-"),
            Map.entry(")", "-rrb-"),
            Map.entry("[", "-lsb-"),
            Map.entry("]", "-rsb-"),
            Map.entry("{", "-lcb-"),
            Map.entry("}", "-rcb-"),
            Map.entry("\u00a4", "$"),
            Map.entry("\u20a0", "$"),
            Map.entry("\u20ac", "$"),
            Map.entry("\u00a3", "#"),
            Map.entry("\u00a2", "cents"),
            Map.entry("\u00bc", "1/4"),
            Map.entry("\u00bd", "1/2"),
            Map.entry("\u00be", "3/4"),
            Map.entry("\u2153", "1/3"),
            Map.entry("\u2154", "2/3"));

    static final List<TokenRule> ALL = List.of(
            // <br/> <a href="x"> <!-- x -->
            of(
                    "(</[a-z][\\w:-]*\\s*>|<[a-z][\\w:-]*(?:\\s+[a-z][\\w:-]*(?:\\s*=\\s*(?:\"[^\"]*\"|'[^']*'|[^\\s>\"']+))?)*\\s*/?>"
                            + "|<[!?][a-z-][^>]*>)",
                    TokenRule::oneWord),
            of("(&(?:amp|lt|gt|quot|apos|nbsp|mdash|ndash);)", TokenRule::entity),
            of("(&#\\d+;)"),
            // cannot gonna 'tis
            of("(can)not"),
            of("(gon)na"),
            of("(got)ta"),
            of("(lem)me"),
            of("(gim)me"),
            of("(wan)na"),
            of("('t)(?:is|was)"),
            // don't, it's
            of("(" + WORD + "?)" + NEGATION),
            of("(" + WORD + ")" + CUT),
            of("(" + NEGATION + ")", TokenRule::plainApostrophe),
            of("(" + CUT + ")", TokenRule::plainApostrophe),
            // words with an apostrophe of their own
            of("(" + LETTER + "+[aeiouy]" + APOSTROPHE + "[aeiou]" + LETTER + "*)"),
            of("([dlj]" + APOSTROPHE + "|ol" + APOSTROPHE + "|o" + APOSTROPHE + "o|s'mores|e" + APOSTROPHE + "er|c"
                    + APOSTROPHE + "(?:est|mon)|cap" + APOSTROPHE + "n|li" + APOSTROPHE + "l|nat" + APOSTROPHE + "l)"),
            of("(y" + APOSTROPHE + ")(?!s|m|d|ll|re|ve)" + LETTER),
            of("(" + APOSTROPHE + "(?:em|till?|cause|n" + APOSTROPHE + "|[2-9]0s|n(?![\\w-])))"),
            of("(" + APOSTROPHE + "\\d\\d)(?=\\s|$)"),
            // words, with hyphens; x.html; he/she; C++
            of("(" + HYPHENATED + ")"),
            of("(" + HYPHENATED + ")" + CUT),
            of("(ph\\.d\\.|" + SHORT + "\\.)(?:-?" + LETTER + ")?"), // of longer words one of the next rules
            of("(" + LETTER + "+(?:[.!?]" + LETTER + "+)+(?:-" + LETTER + "+)*)"),
            of("(" + LETTER + "+\\.(?:-" + WORD + ")+)"),
            of("(" + LETTER + "+\\.)[,;:]"),
            of("(" + SIDE + "(?:/" + SIDE + "){1,2})"),
            asCased("([A-Z]+(?:(?:[+&]|&amp;)[A-Z]+)+)", TokenRule::entity),
            of("(c\\+\\+|[cf]#)"),
            // u.s. a.m. dr. no. 5
            of("([a-z](?:\\.[a-z])*\\.)(?!\\s+(?-i:" + BEGINNING + ")\\b)"),
            of("([a-z](?:\\.[a-z])+\\.(?:-" + LETTER + "+)*)"),
            of("(" + TITLE + "\\.)"),
            of("((?:nos?|figs?|prop|art|pp?|op)\\.)\\s*\\p{Nd}"),
            // numbers, fractions, $
            of("(" + NUMBER + ")"),
            of("((?:\\p{Nd}{1,4}[- \u00a0])?\\p{Nd}{1,4}[/\u2044]\\p{Nd}{1,4})", TokenRule::oneWord),
            of("(\\p{Nd}{1,2}[-/]\\p{Nd}{1,2}[-/]\\p{Nd}{2,4})"),
            of("(\\+?(?:\\p{Nd}{2,4}[- ]){1,2}\\p{Nd}{3,4}[- ]\\p{Nd}{3,5})", TokenRule::oneWord),
            of("(\\(\\p{Nd}{3}\\) ?\\p{Nd}{3}[- ]?\\p{Nd}{4})", TokenRule::brackets),
            asCased("([A-Z]{1,2}\\$)", token -> token),
            // addresses and names of accounts
            of("(https?://[^\\s\"<>|()]+\\.[^\\s\"<>|()]*[\\p{L}\\p{Nd}/])"),
            of("((?:[a-z0-9][a-z0-9-]*\\.)+(?:com|net|org|edu)(?:/[^\\s\"<>|()]+[\\p{L}\\p{Nd}/])?)"),
            of("([a-z0-9][^\\s\"<>|()@]*@[^\\s\"<>|()]*[^\\s\"<>|().]|<[a-z0-9][^\\s\"<>|()@]*@[^\\s\"<>|()]+>)"),
            of("(@[a-z_]\\w*|#" + LETTER + "+)"),
            // faces
            asCased("([<>]?[:;=][-o*']?[DOPdp()\\[\\]{|@\\\\](?![A-Za-z]))", TokenRule::brackets),
            of("([-<=>^x~]_[-'<=>^x~])"),
            // one character each, or several alike
            of("(--+|[\u2013\u2014]+)", token -> ""),
            of("([*_]+|##+|@@+|<<+|>>+|[!?]{2,})"),
            of(
                    "([#$%&*+<=>\\\\^|~@/_()\\[\\]{}\u00a1-\u00a9\u00ac\u00ae-\u00b4\u00b6-\u00bf\u00d7\u00f7\u037e\u0387\u2016\u2017"
                            + "\u201a\u201e-\u2023\u2030-\u2038\u203b\u203e-\u2042\u2044\u2070-\u208e\u2100-\u214f\u2153-\u215e\u2190-\u2bff"
                            + "\u20a0\u20a4\u20ac\u3001\u3002\u3012\u30fb\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0\uffe1\uffe5\uffe6])",
                    token -> CHARACTERS.getOrDefault(token, token)));

    private static TokenRule of(String pattern, UnaryOperator<String> spelling) {
        return new TokenRule(Pattern.compile(pattern, Pattern.CASE_INSENSITIVE), spelling);
    }

    private static TokenRule of(String pattern) {
        return of(pattern, token -> token);
    }

    /** Capitals are others than small letters. */
    private static TokenRule asCased(String pattern, UnaryOperator<String> spelling) {
        return new TokenRule(Pattern.compile(pattern), spelling);
    }

    /** With the typewriter's apostrophe. */
    private static String plainApostrophe(String token) {
        return token.replace('\u2019', '\'').replace('\u0092', '\'');
    }

    /** Its spaces do not divide it. */
    private static String oneWord(String token) {
        return token.replace(' ', '\u00a0');
    }

    private static String brackets(String token) {
        return oneWord(token.replace("(", "-lrb-").replace(")", "-rrb-"));
    }

    private static String entity(String token) {
        return token.replaceAll("(?i)&amp;", "&")
                .replaceAll("(?i)&lt;", "<")
                .replaceAll("(?i)&gt;", ">")
                .replaceAll("(?i)&(quot|apos|nbsp|[mn]dash);", " ");
    }
}
