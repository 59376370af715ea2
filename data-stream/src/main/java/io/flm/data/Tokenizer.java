package io.flm.data;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A Hugging Face {@code tokenizer.json} with RoBERTa's special tokens. Thread-safe.
 *
 * <p>A caption is encoded as FLM's authors do: trailing spaces and dots go, a dot is added, {@code <s>} and {@code </s>} are put
 * around it.
 */
public final class Tokenizer implements AutoCloseable {
    /** The model's padding: its embeddings and positions leave this id out, as RoBERTa's do. */
    private static final int PAD_ID = 1;

    private final HuggingFaceTokenizer tokenizer;
    private final List<String> specials;
    private final int size;
    private final int startId;
    private final int padId;
    private final int endId;
    private final int maskId;
    private final BitSet wordStarts = new BitSet();
    private final String sha256;

    private Tokenizer(Path file, HuggingFaceTokenizer tokenizer, JsonNode json, String sha256) {
        Map<String, Integer> ids = new HashMap<>();
        json.path("model")
                .path("vocab")
                .properties()
                .forEach(e -> ids.put(e.getKey(), e.getValue().asInt()));
        List<String> special = new ArrayList<>();
        for (JsonNode token : json.path("added_tokens")) {
            ids.put(token.path("content").asText(), token.path("id").asInt());
            special.add(token.path("content").asText());
        }
        // Byte-level BPE writes the space before a word as this letter; what holds no letter or digit stands alone.
        ids.forEach((token, id) ->
                wordStarts.set(id, token.startsWith("\u0120") || token.chars().noneMatch(Character::isLetterOrDigit)));
        this.tokenizer = tokenizer;
        this.specials = List.copyOf(special);
        this.size = 1 + ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1);
        this.startId = id(file, ids, "<s>");
        this.padId = id(file, ids, "<pad>");
        this.endId = id(file, ids, "</s>");
        this.maskId = id(file, ids, "<mask>");
        if (padId != PAD_ID) {
            throw new UserException(file + ": its <pad> has id " + padId + ", where the model takes " + PAD_ID
                    + " for padding; give a tokenizer with RoBERTa's ids of special tokens");
        }
        this.sha256 = sha256;
    }

    /** Loads a tokenizer; a {@link UserException} names what is missing. */
    public static Tokenizer load(Path file) {
        byte[] bytes;
        JsonNode json;
        try {
            bytes = Files.readAllBytes(file);
            json = new ObjectMapper().readTree(bytes);
        } catch (IOException e) {
            throw new UserException(
                    file + ": not a readable tokenizer.json (" + firstLine(e) + "); give another with --tokenizer", e);
        }
        if (!json.path("model").path("vocab").isObject()) {
            throw new UserException(
                    file + ": not a tokenizer.json, it has no model.vocab; give another with --tokenizer");
        }
        try {
            HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(
                    file, Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false"));
            return new Tokenizer(file, tokenizer, json, Hashes.sha256(bytes));
        } catch (IOException | RuntimeException e) {
            if (e instanceof UserException known) {
                throw known;
            }
            throw new UserException(file + ": the tokenizer cannot be used (" + firstLine(e) + ")", e);
        }
    }

    private static int id(Path file, Map<String, Integer> ids, String token) {
        Integer id = ids.get(token);
        if (id == null) {
            throw new UserException(file + ": has no token " + token
                    + "; a tokenizer with RoBERTa's <s>, <pad>, </s> and <mask> is needed");
        }
        return id;
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    /**
     * A caption as the streams read it.
     *
     * @param maxTokens the longest row, special tokens included; longer ones lose their last words
     * @param beginToken whether {@code </s>} follows {@code <s>}, so that the l2r stream predicts the first word, too
     */
    public int[] encode(String caption, int maxTokens, boolean beginToken) {
        long[] words = words(clean(caption));
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

    private long[] words(String text) {
        return tokenizer.encode(text, false, false).getIds();
    }

    /** Trailing spaces and dots away, one dot added; what would read as a special token loses its bracket. */
    String clean(String caption) {
        String text = caption;
        for (String special : specials) {
            text = text.replace(special, special.substring(1));
        }
        int end = text.length();
        while (end > 0 && (Character.isWhitespace(text.charAt(end - 1)) || text.charAt(end - 1) == '.')) {
            end--;
        }
        return text.substring(0, end).stripLeading() + ".";
    }

    /** The text of ids; special tokens are left out. */
    public String decode(int[] ids) {
        return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), true);
    }

    /** V: one more than the largest id. */
    public int size() {
        return size;
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
    public Corruption.Vocabulary vocabulary() {
        return new Corruption.Vocabulary(size, padId, maskId, wordStarts::get);
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
