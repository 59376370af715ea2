package io.flm.worker.task.score;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;

/**
 * The words of a caption as the published caption scores count them: those that the Penn Treebank tokenizer of Stanford CoreNLP
 * 3.4.1 finds, in lower case, without punctuation, which is what {@code PTBTokenizer} of pycocoevalcap 1.2 hands to the scores.
 *
 * <p>A caption is cut from left to right. At each place every rule says how far it reaches, with what it wants to see
 * behind the token; the farthest wins, and of equals the first. The rules were found by showing that tokenizer texts and
 * reading its answers. So contractions are cut ({@code don't} is {@code do n't}), words with hyphens are one, {@code &} is
 * one, and brackets are {@code -lrb- -rrb-}: pycocoevalcap takes only {@code -LRB-} for punctuation, so they count as words.
 *
 * <p>Known to differ, all of it rare in captions: words that punctuation joins without a space to short forms, addresses or prices
 * ({@code man,woman-T-shirt}, {@code wait...-no}, {@code pp.5-6}); addresses of the web with ports, brackets or endings other than
 * {@code com net org edu}; a letter with a dot before a tag; a release's number ({@code 5.x}); letters that came to Unicode after
 * version 6, which that tokenizer drops; {@code no.} at the end of a caption whose next one, in its file, begins with a digit, and
 * control characters that end a line: there they shift the captions behind them, here they are spaces; tokens of more than {@value
 * #LONGEST} characters, which are cut here.
 */
public final class CaptionTokenizer {
    /** Not counted as words, by pycocoevalcap's list. It also has brackets, in capitals, which never occur. */
    private static final Set<String> PUNCTUATION =
            Set.of("''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";");

    /** Longer tokens are cut: patterns take room and time with the length of what they match. */
    private static final int LONGEST = 200;

    private static final Set<String> CUT_WORDS = Set.of("cannot", "gonna", "gotta", "lemme", "gimme", "wanna");

    private record MatchedRule(TokenRule rule, Matcher matcher) {}

    private final String text;
    private final List<MatchedRule> rules;
    private final List<String> words = new ArrayList<>();

    private CaptionTokenizer(String text) {
        this.text = text;
        rules = TokenRule.ALL.stream()
                .map(rule -> new MatchedRule(rule, rule.pattern().matcher(text).useTransparentBounds(true)))
                .toList();
    }

    /** The words of {@code caption}, in its order; of a caption of spaces and punctuation none. */
    public static List<String> words(String caption) {
        return new CaptionTokenizer(caption.replace("\u00ad", "")).read();
    }

    private List<String> read() {
        int at = 0;
        while (at < text.length()) {
            int end = plainWordEnd(at);
            if (end > at) {
                words.add(text.substring(at, end).toLowerCase(Locale.ROOT));
                at = end;
            } else {
                at = Character.isWhitespace(text.charAt(at)) ? at + 1 : next(at);
            }
        }
        return words;
    }

    /**
     * Where the word at {@code at} ends, if it is one that no rule treats otherwise, else {@code at}: letters of ASCII, of which single
     * hyphens may be between, up to a space or a comma with a space. It saves asking all the rules for almost every word.
     */
    private int plainWordEnd(int at) {
        int end = at;
        while (end < text.length() && (isLetter(end) || (end > at && text.charAt(end) == '-' && isLetter(end + 1)))) {
            end++;
        }
        int space = end < text.length() && text.charAt(end) == ',' ? end + 1 : end;
        boolean plain = space >= text.length() || text.charAt(space) == ' ';
        return plain && !CUT_WORDS.contains(text.substring(at, end).toLowerCase(Locale.ROOT)) ? end : at;
    }

    private boolean isLetter(int at) {
        return at < text.length() && (text.charAt(at) | 0x20) >= 'a' && (text.charAt(at) | 0x20) <= 'z';
    }

    /** Adds what begins at {@code at}, if it is a word, and returns where it ends. */
    private int next(int at) {
        int reach = at;
        @Nullable MatchedRule best = null;
        for (MatchedRule rule : rules) {
            Matcher matcher = rule.matcher().region(at, Math.min(text.length(), at + LONGEST));
            if (matcher.lookingAt() && matcher.end() > reach && matcher.end(1) > at) {
                reach = matcher.end();
                best = rule;
            }
        }
        if (best == null) { // punctuation, or a character that no word has
            return at + 1;
        }
        String token = best.matcher().group(1);
        for (String word :
                best.rule().spelling().apply(token).toLowerCase(Locale.ROOT).split(" ", -1)) {
            if (!word.isEmpty() && !PUNCTUATION.contains(word)) {
                words.add(word);
            }
        }
        return at + token.length();
    }
}
