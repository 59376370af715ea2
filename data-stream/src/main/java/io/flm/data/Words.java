package io.flm.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where words begin in a row of tokens, for masking whole words. A tokenizer writes it into its pieces, each kind in its way:
 *
 * <pre>
 * byte-level    a space before the word     Ġwo man Ġ( ha ppy )
 * Metaspace     the same, another letter    ▁wo man ▁( ha ppy )
 * WordPiece     a prefix of what goes on    wo ##man ( ha ##ppy )
 * CLIP's        a suffix of what ends       wo man&lt;/w> (&lt;/w> ha ppy&lt;/w> )&lt;/w>
 * word-level    each token is a word        woman ( happy )
 * </pre>
 *
 * <p>With a space before the word, what holds no letter or digit is a word of its own, and so is an ideograph with what follows
 * it, because Chinese and Japanese have no spaces. Nor has Thai, where a run of letters remains one word. A tokenizer that
 * writes no mark is refused by {@link #check}: a caption would be one word.
 */
public final class Words {
    /** What comes before a token. */
    private enum Front {
        BEGINS,
        /** A word begins, unless the token before is a lone space. */
        ALONE,
        /** A word begins if the one before it ends there. */
        OPEN,
        GOES_ON
    }

    /** What comes after it. */
    private enum Back {
        ENDS,
        OPEN,
        /** The next token, whatever it is, belongs to this lone space. */
        SPACE
    }

    private record Piece(Front front, Back back) {}

    private enum Style {
        WORD,
        PREFIX,
        SUFFIX,
        SPACE,
        NONE
    }

    /**
     * How a tokenizer marks words.
     *
     * @param mark what a piece begins or ends with
     * @param byteLevel whether a piece's letters are bytes
     */
    private record Marks(Style style, String mark, boolean byteLevel) {}

    private static final Piece WHOLE = new Piece(Front.BEGINS, Back.ENDS);
    private static final Pattern BYTE =
            Pattern.compile("<0x[0-9A-F]{2}>"); // how SentencePiece writes a byte that no piece holds

    private final Piece[] pieces; // by id
    private final String refusal;

    private Words(Piece[] pieces, String refusal) {
        this.pieces = pieces;
        this.refusal = refusal;
    }

    /** Each of {@code size} tokens is a word. */
    public static Words each(int size) {
        Piece[] pieces = new Piece[size];
        Arrays.fill(pieces, WHOLE);
        return new Words(pieces, "");
    }

    /**
     * Reads the marks of a {@code tokenizer.json}.
     *
     * @param ids of all tokens
     * @param added tokens that are found in the text before the rest of it is cut into pieces: words of their own
     */
    public static Words of(JsonNode json, Map<String, Integer> ids, Set<String> added) {
        Words words = each(1 + ids.values().stream().mapToInt(id -> id).max().orElse(-1));
        Marks marks = marks(json);
        String unknown = unknown(json.path("model"));
        boolean marked = marks.style == Style.WORD || marks.style == Style.PREFIX;
        for (Map.Entry<String, Integer> entry : ids.entrySet()) {
            String token = entry.getKey();
            if (token.equals(unknown)) {
                words.pieces[entry.getValue()] = unknown(marks);
            } else if (!added.contains(token)) {
                words.pieces[entry.getValue()] = piece(token, marks);
                marked |= isMarked(token, marks);
            }
        }
        return marked ? words : new Words(words.pieces, refusal(json, marks));
    }

    private static boolean isMarked(String token, Marks marks) {
        return switch (marks.style) {
            case SPACE -> token.startsWith(marks.mark);
            case SUFFIX -> token.endsWith(marks.mark);
            case WORD, PREFIX, NONE -> false;
        };
    }

    private static String refusal(JsonNode json, Marks marks) {
        String kind = json.path("model").path("type").asText("BPE");
        String missing = switch (marks.style) {
            case SPACE -> "no piece begins with " + marks.mark;
            case SUFFIX -> "no piece ends with " + marks.mark;
            default -> "its pieces have no mark of it";
        };
        return "this tokenizer (" + kind + ", pre-tokenizer "
                + json.path("pre_tokenizer").path("type").asText("none") + ") does not tell where words begin: "
                + missing;
    }

    private static Marks marks(JsonNode json) {
        JsonNode model = json.path("model");
        String kind = model.path("type").asText("BPE");
        String suffix = model.path("end_of_word_suffix").asText(""); // of null, too
        String prefix = model.path("continuing_subword_prefix").asText("");
        if (kind.equals("WordLevel")) {
            return new Marks(Style.WORD, "", false);
        }
        if (!suffix.isEmpty()) {
            return new Marks(Style.SUFFIX, suffix, false);
        }
        if (!prefix.isEmpty()) {
            return new Marks(Style.PREFIX, prefix, false);
        }
        List<JsonNode> steps = new ArrayList<>();
        addSteps(json.path("normalizer"), "normalizers", steps);
        addSteps(json.path("pre_tokenizer"), "pretokenizers", steps);
        for (JsonNode step : steps) {
            String type = step.path("type").asText();
            if (type.equals("ByteLevel")) {
                return new Marks(Style.SPACE, "\u0120", true);
            }
            if (type.equals("Metaspace")) {
                return new Marks(Style.SPACE, step.path("replacement").asText("\u2581"), false);
            }
            String content = step.path("content").asText("");
            if (step.path("pattern").path("String").asText("").equals(" ") && !content.isBlank()) {
                return new Marks(Style.SPACE, content, false); // SentencePiece's BPE as it is converted
            }
        }
        return new Marks(Style.NONE, "", false);
    }

    private static void addSteps(JsonNode step, String many, List<JsonNode> steps) {
        if (step.path("type").asText().equals("Sequence")) {
            step.path(many).forEach(part -> addSteps(part, many, steps));
        } else {
            steps.add(step);
        }
    }

    private static String unknown(JsonNode model) {
        JsonNode list = model.path("vocab");
        return model.path("type").asText().equals("Unigram")
                ? list.path(model.path("unk_id").asInt(-1)).path(0).asText("")
                : model.path("unk_token").asText("");
    }

    /** What stands for characters that the tokenizer does not know: some of a word, or in WordPiece all of it. */
    private static Piece unknown(Marks marks) {
        return switch (marks.style) {
            case WORD, PREFIX -> WHOLE;
            case SUFFIX -> new Piece(Front.OPEN, Back.ENDS);
            case SPACE, NONE -> new Piece(Front.OPEN, Back.OPEN);
        };
    }

    private static Piece piece(String token, Marks marks) {
        return switch (marks.style) {
            case WORD -> WHOLE;
            case PREFIX -> token.startsWith(marks.mark) ? new Piece(Front.GOES_ON, Back.OPEN) : WHOLE;
            case SUFFIX -> new Piece(Front.OPEN, token.endsWith(marks.mark) ? Back.ENDS : Back.OPEN);
            case SPACE -> spaced(token, marks);
            case NONE -> new Piece(Front.OPEN, Back.OPEN);
        };
    }

    private static Piece spaced(String token, Marks marks) {
        boolean begins = token.startsWith(marks.mark);
        String rest = token.replace(marks.mark, "");
        if (rest.isEmpty()) {
            return begins ? new Piece(Front.BEGINS, Back.SPACE) : new Piece(Front.OPEN, Back.OPEN);
        }
        String text = marks.byteLevel ? ofBytes(rest) : rest;
        Front front;
        Back back = Back.OPEN;
        if (!marks.byteLevel && BYTE.matcher(token).matches()) {
            front = front(Integer.parseInt(token.substring(3, 5), 16));
        } else if (text.isEmpty()) {
            front = front(byteOf(rest.charAt(0)));
        } else if (text.codePoints().allMatch(Words::joins)) {
            front = Front.GOES_ON;
        } else if (text.codePoints().noneMatch(Character::isLetterOrDigit)) {
            front = Front.ALONE;
            back = Back.ENDS;
        } else {
            front = Character.isIdeographic(text.codePointAt(0)) ? Front.ALONE : Front.OPEN;
        }
        return new Piece(begins ? Front.BEGINS : front, back);
    }

    /** An accent, a zero-width joiner, a variation of an emoji: part of the character before it. */
    private static boolean joins(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.NON_SPACING_MARK,
                    Character.COMBINING_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.FORMAT -> true;
            default -> false;
        };
    }

    /** Of a part of a character, by its first byte. */
    private static Front front(int firstByte) {
        if ((firstByte & 0xC0) == 0x80) {
            return Front.GOES_ON;
        }
        boolean ideograph = firstByte >= 0xE4 && firstByte <= 0xE9; // U+4000 to U+9FFF
        return ideograph ? Front.ALONE : Front.OPEN;
    }

    /** The text of byte-level letters; empty where they are only a part of a character. */
    private static String ofBytes(String letters) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        letters.chars().forEach(letter -> bytes.write(byteOf((char) letter)));
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            return "";
        }
    }

    /** GPT-2's letters for bytes: printing ones of Latin-1 are themselves, the other 68 follow U+0100 in their order. */
    private static int byteOf(char letter) {
        if (letter < 0x100) {
            return letter;
        }
        int number = letter - 0x100;
        return number < 33 ? number : number < 67 ? 0x7F + number - 33 : 0xAD;
    }

    /**
     * Whether a word begins at a token.
     *
     * @param previous the token before it in its row
     */
    public boolean begins(int previous, int id) {
        Back before = pieces[previous].back;
        return switch (pieces[id].front) {
            case BEGINS -> true;
            case ALONE -> before != Back.SPACE;
            case OPEN -> before == Back.ENDS;
            case GOES_ON -> false;
        };
    }

    /** Throws a {@link UserException} for a tokenizer that does not tell. */
    public void check() {
        if (!refusal.isEmpty()) {
            throw new UserException("flm.train.whole-word = on: " + refusal + "; set it to off, or give a tokenizer of"
                    + " another kind: byte-level, Metaspace, WordPiece, word-level, or with an end_of_word_suffix");
        }
    }
}
