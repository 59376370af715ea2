package io.flm.data.annotation;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.flm.data.FileErrors;
import io.flm.data.PlainText;
import io.flm.data.UserException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * Reads the entries of an annotation file one by one, so that a file of some hundred megabytes takes no more memory than what is
 * kept of it. Gzip is told by content. Of an entry only the fields that are asked for are kept, and what one entry may hold is bounded.
 */
final class AnnotationFile {
    /** Captions of a picture, answers to a question: VQA has ten of each, the largest sets some hundred. */
    private static final int MOST_NODES = 20_000; // of an entry

    private static final int MOST_ENTRIES = 20_000_000; // of a file
    private static final int MOST_LETTERS = 1 << 16; // of a text, as of the captions of shards
    private static final int MOST_LETTERS_OF_ENTRY = 1 << 20;
    private static final int MOST_LETTERS_OF_ID = 1 << 12; // as of the keys of Arrow files
    private static final int MOST_DEEP = 64;
    private static final int MOST_DIGITS = 100;

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS) // what Python writes for a number that it does not have
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(MOST_LETTERS)
                    .maxNestingDepth(MOST_DEEP)
                    .maxNumberLength(MOST_DIGITS)
                    .build())
            .build();

    private final Path file;
    private final JsonParser parser;
    private int entries;
    private int nodes;
    private int letters;

    private AnnotationFile(Path file, JsonParser parser) {
        this.file = file;
        this.parser = parser;
    }

    /** Takes an entry: an object with those of its fields that were asked for. */
    @FunctionalInterface
    interface Sink {
        /**
         * An entry.
         *
         * @param list the name of the list that it is in; empty: of none
         * @param where for messages, {@code file:line}
         */
        void accept(String list, JsonNode entry, String where);
    }

    /**
     * Reads a file that is one object with lists of entries: {@code {"images": [{}, {}], "annotations": [{}]}}. Other members are
     * passed over.
     *
     * @param lists the fields that are kept of each list's entries
     */
    static void lists(Path file, Map<String, Set<String>> lists, Sink sink) {
        reading(file, reader -> reader.lists(lists, sink));
    }

    /** Reads a file of JSON lines, or of one list: {@code {} {} {}} or {@code [{}, {}, {}]}. */
    static void entries(Path file, Set<String> fields, Sink sink) {
        reading(file, reader -> reader.entries(fields, sink));
    }

    /** Reads. */
    @FunctionalInterface
    private interface Work {
        void of(AnnotationFile reader) throws IOException;
    }

    private static void reading(Path file, Work work) {
        try {
            try (InputStream in = open(file);
                    JsonParser parser = JSON.createParser(in)) {
                try {
                    work.of(new AnnotationFile(file, parser));
                } catch (StreamConstraintsException e) { // it tells no line
                    throw new UserException(
                            file + ":" + parser.currentLocation().getLineNr() + ": a text of more than " + MOST_LETTERS
                                    + " letters, a number of more than " + MOST_DIGITS
                                    + " digits, a name too long, or nested more than "
                                    + MOST_DEEP + " deep: no annotation; give another file",
                            e);
                }
            }
        } catch (JsonProcessingException e) { // its message quotes the file, which may be somebody's secret
            throw new UserException(file + place(e) + ": no JSON; fetch the file again, or mend it there", e);
        } catch (EOFException e) {
            throw new UserException(file + ": gzip that is cut before its end; fetch it again", e);
        } catch (ZipException e) {
            throw new UserException(file + ": damaged gzip (" + e.getMessage() + "); fetch it again", e);
        } catch (IOException e) {
            throw new UserException(
                    file + ": cannot be read (" + FileErrors.reason(e) + "); give another file of annotations", e);
        }
    }

    /** The content of a regular file, whether it was packed by gzip or not. */
    static InputStream open(Path file) throws IOException {
        if (!Files.isRegularFile(file) && Files.exists(file)) {
            throw new FileSystemException(file.toString(), null, "not a regular file");
        }
        return unpacked(Files.newInputStream(file));
    }

    private static InputStream unpacked(InputStream raw) throws IOException {
        BufferedInputStream in = new BufferedInputStream(raw, 1 << 16);
        try {
            in.mark(2);
            boolean packed = in.read() == 0x1f && in.read() == 0x8b;
            in.reset();
            return packed ? new BufferedInputStream(new GZIPInputStream(in, 1 << 16), 1 << 16) : in;
        } catch (IOException | RuntimeException e) {
            in.close();
            throw e;
        }
    }

    private static String place(JsonProcessingException e) {
        return e.getLocation() == null ? "" : ":" + e.getLocation().getLineNr();
    }

    private void lists(Map<String, Set<String>> lists, Sink sink) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw refused("one JSON object with "
                    + String.join(" or ", lists.keySet().stream().sorted().toList()) + " is wanted");
        }
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String list = parser.currentName();
            Set<String> fields = lists.get(list);
            parser.nextToken();
            if (fields == null) {
                parser.skipChildren();
            } else if (parser.currentToken() == JsonToken.START_ARRAY) {
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    entry(list, fields, sink);
                }
            } else {
                throw refused("\"" + list + "\" is no list");
            }
        }
        if (parser.nextToken() != null) {
            throw refused("it goes on behind the end of its JSON; JSON lines are not wanted here");
        }
    }

    private void entries(Set<String> fields, Sink sink) throws IOException {
        while (parser.nextToken() != null) {
            if (parser.currentToken() == JsonToken.START_ARRAY) {
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    entry("", fields, sink);
                }
            } else {
                entry("", fields, sink);
            }
        }
        if (entries == 0) {
            throw refused("holds no entry");
        }
    }

    private void entry(String list, Set<String> fields, Sink sink) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw refused("an entry is no object");
        }
        if (++entries > MOST_ENTRIES) {
            throw refused("more than " + MOST_ENTRIES + " entries");
        }
        String where = file + ":" + parser.currentTokenLocation().getLineNr();
        nodes = 0;
        letters = 0;
        ObjectNode entry = JsonNodeFactory.instance.objectNode();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            parser.nextToken();
            if (fields.contains(name)) {
                entry.set(name, value());
            } else {
                parser.skipChildren();
            }
        }
        sink.accept(list, entry, where);
    }

    /** The value at hand; an annotation is nested little enough for recursion. */
    private JsonNode value() throws IOException {
        if (++nodes > MOST_NODES) {
            throw refused("an entry of more than " + MOST_NODES + " values");
        }
        JsonNodeFactory make = JsonNodeFactory.instance;
        return switch (parser.currentToken()) {
            case START_ARRAY -> {
                ArrayNode list = make.arrayNode();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value());
                }
                yield list;
            }
            case START_OBJECT -> {
                ObjectNode object = make.objectNode();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    count(name);
                    object.set(name, value());
                }
                yield object;
            }
            case VALUE_STRING -> make.textNode(count(parser.getText()));
            case VALUE_TRUE -> make.booleanNode(true);
            case VALUE_FALSE -> make.booleanNode(false);
            case VALUE_NULL -> make.nullNode();
            case VALUE_NUMBER_INT -> make.numberNode(parser.getBigIntegerValue());
            default -> make.numberNode(parser.getDoubleValue());
        };
    }

    /** What is kept of an entry has an end. */
    private String count(String text) {
        letters += text.length();
        if (letters > MOST_LETTERS_OF_ENTRY) {
            throw refused("an entry of more than " + MOST_LETTERS_OF_ENTRY + " letters");
        }
        return text;
    }

    private UserException refused(String cause) {
        return new UserException(file + ":" + parser.currentTokenLocation().getLineNr() + ": " + cause
                + "; give a file of the form that the task takes");
    }

    /** A text, or a whole number as it is written: ids are either. */
    static String id(JsonNode entry, String field, String where) {
        JsonNode value = entry.path(field);
        if (value.isTextual() && !value.textValue().isBlank()) {
            if (value.textValue().length() > MOST_LETTERS_OF_ID) {
                throw lacks(entry, field, "a text of at most " + MOST_LETTERS_OF_ID + " letters", where);
            }
            return value.textValue();
        }
        if (value.isIntegralNumber()) {
            return value.asText();
        }
        throw lacks(entry, field, "a text or a whole number", where);
    }

    /** A text. */
    static String text(JsonNode entry, String field, String where) {
        JsonNode value = entry.path(field);
        if (!value.isTextual()) {
            throw lacks(entry, field, "a text", where);
        }
        return value.textValue();
    }

    /** A text; empty if the entry does not have it. */
    static String textOrNone(JsonNode entry, String field) {
        return entry.path(field).isTextual() ? entry.path(field).textValue() : "";
    }

    static UserException lacks(JsonNode entry, String field, String wanted, String where) {
        return new UserException(where + ": its \"" + field + "\" is "
                + (entry.has(field) ? "not " + wanted : "missing, where " + wanted + " is wanted")
                + "; mend the line, or give a file of the form that the task takes");
    }

    /** For messages: at most so many letters. */
    static String shown(String text) {
        return PlainText.cut(PlainText.of(text), 80);
    }
}
