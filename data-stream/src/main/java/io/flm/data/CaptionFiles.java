package io.flm.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The captions that a file beside a picture holds, and why it holds none. */
final class CaptionFiles {
    /** The longest file that is read. The metadata that img2dataset writes have a few thousand bytes, with EXIF some hundred thousand. */
    static final int MOST_BYTES = 1 << 20;

    /**
     * The longest captions of a sample together. Alternative texts of the web have a few hundred letters, the longest some ten
     * thousand. A megabyte would take a tokenizer seconds, and all but the first tokens are cut off.
     */
    static final int MOST_LETTERS = 1 << 16;

    /** NaN is no JSON, but what Python writes for a number that it does not have. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final List<String> KEYS = List.of("captions", "caption");
    private static final int MOST_NAMED = 5;

    /** No caption can be had from the file; the message says why. */
    static final class Unusable extends Exception {
        private static final long serialVersionUID = 1L;

        private final String cause;

        Unusable(String cause) {
            super(cause);
            this.cause = cause;
        }

        String cause() {
            return cause;
        }
    }

    private CaptionFiles() {}

    /** A text is one caption. */
    static List<String> ofText(byte[] file) throws Unusable {
        String text = text(file);
        if (isBlank(text)) {
            throw new Unusable("the caption is empty");
        }
        requireNoZeros(text);
        requireShort(text.length());
        return List.of(text);
    }

    /** Of an object {@code "captions"}, else {@code "caption"}: a text, or a list of which the texts count. At least one. */
    static List<String> ofJson(byte[] file) throws Unusable {
        String text = text(file);
        if (text.isBlank()) {
            throw new Unusable("the caption's JSON is empty");
        }
        JsonNode json;
        try {
            json = JSON.readTree(text);
        } catch (MismatchedInputException e) {
            throw new Unusable("the caption's JSON goes on behind its end");
        } catch (StreamConstraintsException e) {
            throw new Unusable("the caption's JSON is nested too deeply, or has a number or a name too long");
        } catch (JsonProcessingException e) {
            throw new Unusable("the caption's JSON is broken (" + e.getOriginalMessage() + ")");
        }
        for (String key : KEYS) {
            List<String> captions = texts(json.path(key));
            if (!captions.isEmpty()) {
                requireShort(captions.stream().mapToInt(String::length).sum());
                return captions;
            }
        }
        throw new Unusable(found(json));
    }

    private static void requireShort(int letters) throws Unusable {
        if (letters > MOST_LETTERS) {
            throw new Unusable(
                    String.format(Locale.ROOT, "the caption has %,d letters, more than %,d", letters, MOST_LETTERS));
        }
    }

    private static List<String> texts(JsonNode value) throws Unusable {
        List<String> texts = new ArrayList<>();
        for (JsonNode each : value.isArray() ? value : List.of(value)) {
            if (each.isTextual()
                    && !isBlank(each.asText())) { // null or a number is no caption, as an empty text is none
                requireWhole(each.asText());
                requireNoZeros(each.asText());
                texts.add(each.asText());
            }
        }
        return texts;
    }

    /** Of texts that stand elsewhere those that are not empty; at least one. */
    static List<String> usable(List<String> texts) throws Unusable {
        List<String> usable = new ArrayList<>();
        for (String text : texts) {
            if (!isBlank(text)) {
                requireWhole(text);
                requireNoZeros(text);
                usable.add(text);
            }
        }
        if (usable.isEmpty()) {
            throw new Unusable(texts.isEmpty() ? "it has no text" : "the text is empty");
        }
        return usable;
    }

    /** The same of texts that are captions of one picture. */
    static List<String> usableCaptions(List<String> texts) throws Unusable {
        List<String> usable = usable(texts);
        requireShort(usable.stream().mapToInt(String::length).sum());
        return usable;
    }

    /** What there is in the place of captions. */
    private static String found(JsonNode json) {
        if (!json.isObject()) {
            return "the JSON is " + kind(json) + ", where an object with \"captions\" or \"caption\" is wanted";
        }
        String found = KEYS.stream()
                .filter(json::has)
                .map(key -> "its \"" + key + "\" is " + kind(json.path(key)))
                .collect(Collectors.joining(", "));
        if (!found.isEmpty()) {
            return "the JSON holds no caption: " + found;
        }
        List<String> keys = new ArrayList<>();
        json.fieldNames().forEachRemaining(keys::add);
        String named = keys.stream().limit(MOST_NAMED).collect(Collectors.joining(", "));
        return "the JSON has neither \"captions\" nor \"caption\""
                + (keys.isEmpty() ? "" : ", but " + named + (keys.size() > MOST_NAMED ? ", ..." : ""));
    }

    private static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case ARRAY -> value.isEmpty() ? "an empty list" : "a list" + (holdsText(value) ? "" : " without a text");
            case STRING -> isBlank(value.asText()) ? "an empty text" : "a text";
            case NULL -> "null";
            case NUMBER -> "a number";
            case BOOLEAN -> "true or false";
            default -> "an object";
        };
    }

    private static boolean holdsText(JsonNode list) {
        for (JsonNode each : list) {
            if (each.isTextual() && !isBlank(each.asText())) {
                return true;
            }
        }
        return false;
    }

    /** Nothing can be seen of it: dots, spaces of any width, control characters, joiners and marks of direction. */
    private static boolean isBlank(String caption) {
        return caption.codePoints()
                .allMatch(c -> c == '.'
                        || Character.isWhitespace(c)
                        || Character.isSpaceChar(c)
                        || (c != 0 && Character.isISOControl(c))
                        || Character.getType(c) == Character.FORMAT);
    }

    /** A disk that lost power leaves files of zeros, and UTF-16 without its mark has one in every second byte. */
    private static void requireNoZeros(String text) throws Unusable {
        if (text.indexOf(0) >= 0) {
            throw new Unusable("the caption holds zero bytes: damaged, or not in UTF-8");
        }
    }

    /** UTF-8, with or without a byte order mark. */
    private static String text(byte[] file) throws Unusable {
        try {
            return TextFile.utf8(file);
        } catch (CharacterCodingException e) {
            throw new Unusable(
                    TextFile.isUtf16(file)
                            ? "the caption is text in UTF-16, not in UTF-8"
                            : "the caption is not text in UTF-8");
        }
    }

    /** JSON can name half of a letter, which no tokenizer knows. */
    private static void requireWhole(String text) throws Unusable {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new Unusable("the caption holds half of a pair of surrogates");
        }
    }
}
