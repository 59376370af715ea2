package io.flm.data.annotation;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.data.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sentences about pictures, as JSON lines. A label that no file of the form has is refused.
 *
 * @param all in the order of the files
 * @param leftOut entries that the form itself marks as without a label
 */
public record StatementFiles(List<Statement> all, long leftOut) {
    /** Classes of {@link #nlvr2} and {@link #nlvr}, by number. */
    public static final List<String> TRUTH = List.of("false", "true");

    /** Classes of {@link #entailment}, by number. */
    public static final List<String> ENTAILMENT = List.of("entailment", "neutral", "contradiction");

    /** How many pictures show an example of NLVR: its three boxes in each order. */
    public static final int PERMUTATIONS = 6;

    /** {@code dev-850-2-1}: of set 850 the pair of pictures 2, beside sentence 1. */
    private static final Pattern NLVR2 = Pattern.compile("((.+-\\d+)-\\d+)-(\\d+)");

    private static final Pattern SPLIT = Pattern.compile("(?<![a-z])(train|dev|test)(?![a-z])");

    public StatementFiles {
        all = List.copyOf(all);
    }

    /** One entry to statements. */
    @FunctionalInterface
    private interface Form {
        List<Statement> of(JsonNode entry, String where);
    }

    /**
     * NLVR2 (Suhr et al. 2019): {@code {"identifier": "dev-850-0-0", "sentence", "label": "True"}} with the pictures {@code
     * dev-850-0-img0} and {@code dev-850-0-img1}; or any identifier, and the keys of the pictures as {@code left} and {@code
     * right}. Hidden labels may be left out of all.
     *
     * <p>Which examples are of one sentence its official evaluation reads off the identifier: all but its third part is the
     * sentence's. Two sets may have sentences of the same words. Where the pictures have keys the identifier says nothing, and examples
     * with the same words are of one sentence.
     */
    public static StatementFiles nlvr2(List<Path> files) {
        Set<String> fields = Set.of("identifier", "sentence", "label", "left", "right");
        return read(files, fields, (entry, where) -> {
            String id = AnnotationFile.id(entry, "identifier", where);
            String sentence = AnnotationFile.text(entry, "sentence", where);
            int label = truth(entry, where);
            if (entry.has("left") || entry.has("right")) {
                List<String> pair =
                        List.of(AnnotationFile.id(entry, "left", where), AnnotationFile.id(entry, "right", where));
                return List.of(new Statement(id, sentence, pair, sentence, label));
            }
            Matcher matcher = NLVR2.matcher(id);
            if (!matcher.matches()) {
                throw new UserException(where + ": identifier " + AnnotationFile.shown(id)
                        + " names no pictures: it is not of the form dev-850-0-0, and there is no \"left\" and \"right\";"
                        + " mend the line");
            }
            List<String> pair = List.of(matcher.group(1) + "-img0", matcher.group(1) + "-img1");
            String group = matcher.group(2) + "-" + matcher.group(3);
            return List.of(new Statement(id, group, pair, sentence, label));
        });
    }

    /**
     * NLVR (Suhr et al. 2017): {@code {"identifier": "1572-0", "sentence", "label": "true"}} with the pictures {@code
     * dev-1572-0-K}, K from 0 to 5, which show its three boxes in each order; {@code dev} is of the file's name. Each picture is an
     * example of its own: in training since the sentence is as true of each and their order is what a model has to see past; in
     * scoring since the official score is by picture, too. Standard errors are of {@link Statement#group}: six pictures of one
     * scene are one observation.
     *
     * @param permutations the first so many pictures of each, 1 to 6
     */
    public static StatementFiles nlvr(List<Path> files, int permutations) {
        if (permutations < 1 || permutations > PERMUTATIONS) {
            throw new IllegalArgumentException("permutations: " + permutations);
        }
        List<Statement> all = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        for (Path file : files) {
            String split = split(file);
            Form form = (entry, where) -> {
                String id = AnnotationFile.id(entry, "identifier", where);
                String sentence = AnnotationFile.text(entry, "sentence", where);
                int label = truth(entry, where);
                List<Statement> views = new ArrayList<>();
                for (int k = 0; k < permutations; k++) {
                    String picture = split + "-" + id + "-" + k;
                    views.add(new Statement(picture, split + "-" + id, List.of(picture), sentence, label));
                }
                return views;
            };
            all.addAll(read(List.of(file), Set.of("identifier", "sentence", "label"), form, ids)
                    .all());
        }
        requireLabels(all, files);
        return new StatementFiles(all, 0);
    }

    private static String split(Path file) {
        Matcher matcher = SPLIT.matcher(String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT));
        if (!matcher.find()) {
            throw new UserException(file + ": NLVR's pictures are named train-, dev- or test-, and so must be its file;"
                    + " call it dev.json, or nlvr-dev.json.gz");
        }
        return matcher.group(1);
    }

    /**
     * SNLI-VE (Xie et al. 2019): {@code {"Flickr30K_ID" or "Flikr30kID" or "image", "sentence2", "gold_label"}}. Where annotators
     * did not agree the label is {@code -}: these are left out. An example is called by its {@code pairID}, or by its place.
     */
    public static StatementFiles entailment(List<Path> files) {
        Set<String> fields =
                Set.of("Flickr30K_ID", "Flickr30k_ID", "Flikr30kID", "image", "sentence2", "gold_label", "pairID");
        long[] number = {0};
        return read(files, fields, (entry, where) -> {
            number[0]++;
            int label = entry.has("gold_label") ? label(entry, "gold_label", ENTAILMENT, where) : Statement.UNLABELLED;
            if (label == ENTAILMENT.size()) {
                return List.of();
            }
            String picture = picture(entry, where);
            String sentence = AnnotationFile.text(entry, "sentence2", where);
            String id = entry.has("pairID") ? AnnotationFile.id(entry, "pairID", where) : "sentence " + number[0];
            return List.of(new Statement(id, picture, List.of(picture), sentence, label));
        });
    }

    private static String picture(JsonNode entry, String where) {
        for (String field : List.of("image", "Flickr30K_ID", "Flickr30k_ID", "Flikr30kID")) {
            if (entry.has(field)) {
                return AnnotationFile.id(entry, field, where);
            }
        }
        throw AnnotationFile.lacks(entry, "image", "the key of a picture (or Flickr30K_ID)", where);
    }

    private static StatementFiles read(List<Path> files, Set<String> fields, Form form) {
        return read(files, fields, form, new HashSet<>());
    }

    /** @param ids of the statements that are known; gets these */
    private static StatementFiles read(List<Path> files, Set<String> fields, Form form, Set<String> ids) {
        List<Statement> all = new ArrayList<>();
        long[] leftOut = {0};
        for (Path file : files) {
            AnnotationFile.entries(file, fields, (list, entry, where) -> {
                List<Statement> its = form.of(entry, where);
                leftOut[0] += its.isEmpty() ? 1 : 0;
                for (Statement statement : its) {
                    if (!ids.add(statement.id())) {
                        throw new UserException(where + ": " + AnnotationFile.shown(statement.id())
                                + " is there twice; leave one of them out");
                    }
                    all.add(statement);
                }
            });
        }
        if (all.isEmpty()) {
            throw new UserException(files + ": no sentence with a label; give another file");
        }
        requireLabels(all, files);
        return new StatementFiles(all, leftOut[0]);
    }

    /** Of all or of none: a test set hides them. */
    private static void requireLabels(List<Statement> all, List<Path> files) {
        List<Statement> without = all.stream()
                .filter(statement -> statement.label() == Statement.UNLABELLED)
                .toList();
        if (!without.isEmpty() && without.size() < all.size()) {
            throw new UserException(files + ": " + without.size() + " of " + all.size()
                    + " sentences have no label, the first "
                    + AnnotationFile.shown(without.get(0).id())
                    + "; give labels for all or for none");
        }
    }

    private static int truth(JsonNode entry, String where) {
        if (!entry.has("label")) {
            return Statement.UNLABELLED;
        }
        JsonNode value = entry.path("label");
        if (value.isBoolean()) {
            return value.booleanValue() ? 1 : 0;
        }
        return label(entry, "label", TRUTH, where);
    }

    /** The number of the class; that of none, one more than the last, for {@code -} where three are to choose from. */
    private static int label(JsonNode entry, String field, List<String> classes, String where) {
        String word = AnnotationFile.text(entry, field, where).toLowerCase(Locale.ROOT);
        int label = classes.indexOf(word);
        if (label < 0 && word.equals("-") && classes.equals(ENTAILMENT)) {
            return classes.size();
        }
        if (label < 0) {
            throw new UserException(
                    where + ": its \"" + field + "\" is " + (word.isEmpty() ? "empty" : AnnotationFile.shown(word))
                            + ", not one of " + String.join(", ", classes) + "; mend the line");
        }
        return label;
    }
}
