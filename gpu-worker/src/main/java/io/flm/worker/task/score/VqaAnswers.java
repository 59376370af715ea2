package io.flm.worker.task.score;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The form in which the official evaluation of VQA ({@code vqaEval.py}, Antol et al. 2015) compares answers: punctuation goes, number words
 * become digits, articles go, and contractions that were written without an apostrophe get it back.
 */
public final class VqaAnswers {
    private static final List<String> PUNCTUATION = List.of(";/[]\"{}()=+\\_-><@`,?!".split(""));
    private static final Pattern COMMA_OF_NUMBER = Pattern.compile("[0-9],[0-9]");
    private static final Pattern DOT = Pattern.compile("\\.(?![0-9])");
    private static final int MOST_DOTS = 32;
    private static final Pattern SPACES = Pattern.compile("(?U)[\\s\\x1c-\\x1f]+");
    private static final Pattern ENDS = Pattern.compile("(?U)^[\\s\\x1c-\\x1f]+|[\\s\\x1c-\\x1f]+$");

    private static final Set<String> ARTICLES = Set.of("a", "an", "the");

    private static final Map<String, String> NUMBERS = Map.ofEntries(
            Map.entry("none", "0"),
            Map.entry("zero", "0"),
            Map.entry("one", "1"),
            Map.entry("two", "2"),
            Map.entry("three", "3"),
            Map.entry("four", "4"),
            Map.entry("five", "5"),
            Map.entry("six", "6"),
            Map.entry("seven", "7"),
            Map.entry("eight", "8"),
            Map.entry("nine", "9"),
            Map.entry("ten", "10"));

    /** Recognised where one of the apostrophes lacks. Others, such as {@code she's}, are not. */
    private static final List<String> CONTRACTIONS =
            List.of(("ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't"
                            + " hadn't've hasn't haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've"
                            + " mustn't must've needn't not've o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've somebody'd've"
                            + " somebody'll somebody's someone'd someone'd've someone'll someone's something'd something'd've something'll that's"
                            + " there'd there'd've there're there's they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't"
                            + " what'll what're what's what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're why's"
                            + " won't would've wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've")
                    .split(" "));

    private static final Map<String, String> CONTRACTED = contracted();

    private VqaAnswers() {}

    private static Map<String, String> contracted() {
        Map<String, String> contracted = new HashMap<>();
        contracted.put("somebody'd", "somebodyd"); // the other way round, as the official table has it
        for (String word : CONTRACTIONS) {
            for (int i = word.indexOf('\''); i >= 0; i = word.indexOf('\'', i + 1)) {
                contracted.put(word.substring(0, i) + word.substring(i + 1), word);
            }
        }
        return Map.copyOf(contracted);
    }

    /** {@code answer} on one line, without spaces at its ends: all that is done to answers where people agree. */
    static String trimmed(String answer) {
        return ENDS.matcher(answer.replace('\n', ' ').replace('\t', ' ')).replaceAll("");
    }

    /** The form in which {@code answer} is compared. Answers of an article alone, and such, are empty. */
    public static String normal(String answer) {
        List<String> words = new ArrayList<>();
        for (String word : SPACES.split(withoutPunctuation(trimmed(answer)).toLowerCase(Locale.ROOT), 0)) {
            String number = NUMBERS.getOrDefault(word, word);
            if (!number.isEmpty() && !ARTICLES.contains(number)) {
                words.add(CONTRACTED.getOrDefault(number, number));
            }
        }
        return String.join(" ", words);
    }

    /**
     * Signs go where they stand beside a space, and all of them where a number has a comma inside ({@code 1,000}); elsewhere they
     * become spaces. Dots go but where a digit follows.
     */
    private static String withoutPunctuation(String answer) {
        boolean number = COMMA_OF_NUMBER.matcher(answer).find();
        String text = answer;
        for (String sign : PUNCTUATION) {
            boolean beside = answer.contains(sign + " ") || answer.contains(" " + sign);
            text = text.replace(sign, beside || number ? "" : " ");
        }
        Matcher dots = DOT.matcher(text);
        StringBuilder without = new StringBuilder();
        for (int i = 0; i < MOST_DOTS && dots.find(); i++) { // the official one passes a flag for the count
            dots.appendReplacement(without, "");
        }
        return dots.appendTail(without).toString();
    }
}
