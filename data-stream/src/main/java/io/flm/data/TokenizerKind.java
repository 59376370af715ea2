package io.flm.data;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Whose special tokens a tokenizer has, and so how models count the tokens that it reads. Each is known by its tokens' names. One more
 * is a line here.
 */
public enum TokenizerKind {
    /** {@code <s> words </s>}. Pads are left out, and the first token has the row behind the padding id, which is 1. */
    ROBERTA("RoBERTa", "<s>", "<pad>", "</s>", "<mask>", OptionalInt.of(1)) {
        @Override
        public PositionRule positions(int padId) {
            return new PositionRule(padId, padId, padId + 1);
        }
    },
    /** {@code [CLS] words [SEP]}. Every token counts, from 0. */
    BERT("BERT", "[CLS]", "[PAD]", "[SEP]", "[MASK]", OptionalInt.empty()) {
        @Override
        public PositionRule positions(int padId) {
            return new PositionRule(padId, PositionRule.NONE, 0);
        }
    };

    private final String model;
    private final String start;
    private final String pad;
    private final String end;
    private final String mask;
    private final OptionalInt padId;

    /** @param padId the only one that its models know; empty: any */
    TokenizerKind(String model, String start, String pad, String end, String mask, OptionalInt padId) {
        this.model = model;
        this.start = start;
        this.pad = pad;
        this.end = end;
        this.mask = mask;
        this.padId = padId;
    }

    /**
     * The kind of a tokenizer; the first one, if it has the special tokens of several.
     *
     * @param file for the message
     * @throws UserException where it has those of none
     */
    static TokenizerKind of(Path file, Set<String> tokens) {
        TokenizerKind nearest = Arrays.stream(values())
                .min(Comparator.comparingInt(kind -> kind.missing(tokens).size()))
                .orElseThrow();
        List<String> missing = nearest.missing(tokens);
        if (!missing.isEmpty()) {
            String kinds = Arrays.stream(values())
                    .map(kind -> kind.model + "'s " + kind.specials())
                    .collect(Collectors.joining(", or "));
            throw new UserException(
                    file + ": has no token " + missing.get(0) + "; a tokenizer with " + kinds + " is needed");
        }
        return nearest;
    }

    private List<String> missing(Set<String> tokens) {
        return all().stream().filter(token -> !tokens.contains(token)).toList();
    }

    /** How its models count tokens. */
    public abstract PositionRule positions(int padId);

    /** @throws UserException where its models take another id for padding */
    void requirePad(Path file, int id) {
        if (padId.isPresent() && padId.getAsInt() != id) {
            throw new UserException(file + ": its " + pad + " has id " + id + ", where the model takes "
                    + padId.getAsInt() + " for padding; give a tokenizer with " + model + "'s ids of special tokens");
        }
    }

    /** What begins every row. */
    public String start() {
        return start;
    }

    /** What makes rows as long as the longest one. */
    public String pad() {
        return pad;
    }

    /** What ends every row; also the begin token. */
    public String end() {
        return end;
    }

    /** What stands for a token that is hidden. */
    public String mask() {
        return mask;
    }

    /** The special tokens, in the order in which people name them. */
    List<String> all() {
        return List.of(start, pad, end, mask);
    }

    /** The special tokens, for people. */
    public String specials() {
        return start + ", " + pad + ", " + end + " and " + mask;
    }
}
