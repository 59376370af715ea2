package io.flm.data;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * A Hugging Face {@code tokenizer.json} with the special tokens of a {@link TokenizerKind}. Thread-safe.
 *
 * <p>A caption is encoded as FLM's authors do: trailing spaces and dots go, a dot is added, the tokens of start and end are put around
 * it: {@code <s>} and {@code </s>}, or {@code [CLS]} and {@code [SEP]}.
 */
public final class Tokenizer implements AutoCloseable {
    /** Of a tokenizer.json: the largest that are known have 35 MB. */
    private static final int MOST_BYTES = 256 << 20;

    private static final int MOST_IDS = 1 << 24; // far above any vocabulary; bounds what a broken file can take

    private final HuggingFaceTokenizer tokenizer;
    private final Map<Integer, long[]> disarmed = new HashMap<>(); // what is read in the place of a special token
    private final TokenizerKind kind;
    private final int size;
    private final int startId;
    private final int padId;
    private final int endId;
    private final int maskId;
    private final Words words;
    private final String sha256;

    private Tokenizer(Path file, HuggingFaceTokenizer tokenizer, JsonNode json, String sha256) {
        this.tokenizer = tokenizer;
        Map<String, Integer> ids = vocabulary(file, json.path("model").path("vocab"));
        Set<String> added = new LinkedHashSet<>();
        for (JsonNode token : json.path("added_tokens")) {
            String content = token.path("content").asText();
            int id = knownId(file, content, token.path("id"));
            requireSame(file, content, id);
            ids.put(content, id);
            added.add(content);
        }
        this.words = Words.of(json, ids, added);
        this.size = 1 + ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1);
        this.kind = TokenizerKind.of(file, ids.keySet());
        this.startId = idOf(ids, kind.start());
        this.padId = idOf(ids, kind.pad());
        this.endId = idOf(ids, kind.end());
        this.maskId = idOf(ids, kind.mask());
        kind.requirePad(file, padId);
        for (String special : kind.all()) {
            disarmed.put(idOf(ids, special), read(special.substring(1)));
        }
        this.sha256 = sha256;
    }

    /** Of a token that there is. */
    private static int idOf(Map<String, Integer> ids, String token) {
        return Objects.requireNonNull(ids.get(token), token);
    }

    private static Map<String, Integer> vocabulary(Path file, JsonNode vocabulary) {
        Map<String, Integer> ids = new HashMap<>();
        if (vocabulary.isArray()) { // Unigram's: pieces with their scores, ids are places
            for (int id = 0; id < vocabulary.size(); id++) {
                ids.put(vocabulary.get(id).path(0).asText(), id);
            }
            return ids;
        }
        Map<Integer, String> tokens = new HashMap<>();
        for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
            int id = knownId(file, entry.getKey(), entry.getValue());
            String other = tokens.put(id, entry.getKey());
            if (other != null) {
                throw new UserException(file + ": its tokens " + other + " and " + entry.getKey() + " both have id "
                        + id + "; give each its own");
            }
            ids.put(entry.getKey(), id);
        }
        return ids;
    }

    private static int knownId(Path file, String token, JsonNode value) {
        long id = value.asLong(-1);
        if (id < 0 || id >= MOST_IDS) {
            throw new UserException(file + ": its token " + token + " has id " + value
                    + "; ids are whole numbers from 0, below " + MOST_IDS);
        }
        return (int) id;
    }

    /** Dropout cuts a text into other pieces each time it is read: weights would follow from chance. */
    private static void requireNoDropout(Path file, JsonNode dropout) {
        if (dropout.asDouble() != 0) {
            throw new UserException(file + ": its model.dropout = " + dropout
                    + " reads a caption otherwise each time; set it to null in the file");
        }
    }

    /** The library counts on from the model's pieces where ids of added tokens leave a gap. */
    private void requireSame(Path file, String content, int id) {
        long[] found = read(content);
        if (found.length == 1 && found[0] != id) {
            throw new UserException(file + ": its added token " + content + " has id " + id + ", but is read as "
                    + found[0] + "; number added tokens on from the last piece of the vocabulary");
        }
    }

    /** Loads a tokenizer; a {@link UserException} names what is missing. */
    public static Tokenizer load(Path file) {
        byte[] bytes;
        JsonNode json;
        try {
            bytes = SmallFile.read(file, MOST_BYTES);
            json = new ObjectMapper().readTree(TextFile.withoutMark(bytes));
        } catch (JsonProcessingException e) { // its message quotes the file, which may be somebody's secret
            throw new UserException(
                    file + ": not a tokenizer.json, no JSON" + place(e) + "; give another with --tokenizer", e);
        } catch (IOException e) {
            throw new UserException(
                    file + ": not a readable tokenizer.json (" + FileErrors.reason(e)
                            + "); give another with --tokenizer",
                    e);
        }
        JsonNode vocabulary = json.path("model").path("vocab");
        if (!vocabulary.isObject() && !vocabulary.isArray()) {
            throw new UserException(
                    file + ": not a tokenizer.json, it has no model.vocab; give another with --tokenizer");
        }
        requireNoDropout(file, json.path("model").path("dropout"));
        try {
            HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(decoding(json, TextFile.withoutMark(bytes))),
                    Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false"));
            try {
                return new Tokenizer(file, tokenizer, json, Sha256.of(bytes));
            } catch (RuntimeException e) {
                tokenizer.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            if (e instanceof UserException known) {
                throw known;
            }
            throw new UserException(file + ": the tokenizer cannot be used (" + firstLine(e) + ")", e);
        }
    }

    /** WordPiece that does not say how its pieces are joined gets the way that there is; else captions would be full of {@code ##}. */
    private static byte[] decoding(JsonNode json, byte[] file) throws JsonProcessingException {
        JsonNode model = json.path("model");
        boolean silent =
                json.path("decoder").isMissingNode() || json.path("decoder").isNull();
        if (!silent
                || !model.path("type").asText().equals("WordPiece")
                || !(json.deepCopy() instanceof ObjectNode whole)) {
            return file;
        }
        whole.putObject("decoder")
                .put("type", "WordPiece")
                .put("prefix", model.path("continuing_subword_prefix").asText("##"))
                .put("cleanup", true);
        return new ObjectMapper().writeValueAsBytes(whole);
    }

    private static String place(JsonProcessingException e) {
        JsonLocation at = e.getLocation(); // null where a limit of the parser is exceeded
        return at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    /**
     * A caption as the streams read it.
     *
     * @param maxTokens the longest row, special tokens included; longer ones lose their last words
     * @param beginToken whether the token of the end follows that of the start, so that the l2r stream predicts the first word, too
     */
    public int[] encode(String caption, int maxTokens, boolean beginToken) {
        return encode(caption, TextForm.CAPTION, maxTokens, beginToken);
    }

    /** A text of any form as the streams read it; see {@link #encode(String, int, boolean)}. */
    public int[] encode(String text, TextForm form, int maxTokens, boolean beginToken) {
        long[] words = words(form.clean(text));
        int before = beginToken ? 2 : 1;
        int count = Math.min(words.length, maxTokens - before - 1);
        int[] ids = new int[before + count + 1];
        ids[0] = startId;
        ids[before - 1] = beginToken ? endId : startId;
        for (int i = 0; i < count; i++) {
            ids[before + i] = (int) words[i];
        }
        ids[ids.length - 1] = endId;
        return ids;
    }

    /** The ids of a text as it is, without special tokens. */
    public int[] ids(String text) {
        return Arrays.stream(words(text)).mapToInt(id -> (int) id).toArray();
    }

    /**
     * The ids of a text in which no special token has its meaning: where one is spelled, the rest of it without the bracket is
     * read. Done to the ids, since what a normalizer makes of a text cannot be told from the text.
     */
    private long[] words(String text) {
        long[] ids = read(text);
        return Arrays.stream(ids).anyMatch(id -> disarmed.containsKey((int) id))
                ? Arrays.stream(ids)
                        .flatMap(id -> Arrays.stream(disarmed.getOrDefault((int) id, new long[] {id})))
                        .toArray()
                : ids;
    }

    private long[] read(String text) {
        return tokenizer.encode(text, false, false).getIds();
    }

    /** Trailing spaces and dots away, one dot added. */
    static String clean(String caption) {
        int end = caption.length();
        while (end > 0 && (Character.isWhitespace(caption.charAt(end - 1)) || caption.charAt(end - 1) == '.')) {
            end--;
        }
        return caption.substring(0, end).stripLeading() + ".";
    }

    /** The text of ids; special tokens are left out. */
    public String decode(int[] ids) {
        return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), true);
    }

    /** V: one more than the largest id. */
    public int size() {
        return size;
    }

    /** Whose special tokens it has. */
    public TokenizerKind kind() {
        return kind;
    }

    public int startId() {
        return startId;
    }

    public int padId() {
        return padId;
    }

    public int endId() {
        return endId;
    }

    public int maskId() {
        return maskId;
    }

    /** What corruption must know of the vocabulary. */
    public Vocabulary vocabulary() {
        int[] period = ids(".");
        int periodId = period.length == 0 ? -1 : period[period.length - 1];
        return new Vocabulary(size, kind, startId, padId, endId, maskId, periodId, words);
    }

    /** Of the file. */
    public String sha256() {
        return sha256;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
