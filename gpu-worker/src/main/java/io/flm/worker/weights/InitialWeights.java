package io.flm.worker.weights;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.Sha256;
import io.flm.data.SmallFile;
import io.flm.data.TokenizerKind;
import io.flm.data.UserException;
import io.flm.data.Vocabulary;
import io.flm.worker.checkpoint.FlatFloats;
import io.flm.worker.checkpoint.TensorRange;
import io.flm.worker.model.ModelParts;
import io.flm.worker.model.ModelSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The weights that a run begins with in the place of random ones: the files are open, and it is known where each of their tensors
 * goes. What they do not fill stays as it was initialised.
 *
 * <p>Only the values count: the same ones have the same {@link #sha256} whichever program wrote them, in whichever format.
 */
public final class InitialWeights implements AutoCloseable {
    private static final int MOST_CONFIG_BYTES = 1 << 20;

    /** Tables of words are padded to a multiple of 64 or 128 at times; more is another vocabulary. */
    private static final double PADDED = 0.01;

    /** Tokens that were added to a vocabulary; more is another one. */
    private static final double ADDED = 0.1;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String WORDS = "text_transformer.embeddings.word_embeddings.weight";

    private final Map<String, long[]> model;
    private final List<TensorFile> files = new ArrayList<>();
    private final Map<String, List<Fit>> fits = new TreeMap<>(); // by the model's tensor
    private final InitReport report = new InitReport();
    private @Nullable String sha256;

    private InitialWeights(Map<String, long[]> model) {
        this.model = model;
    }

    /**
     * Opens files, and finds the place of each tensor. No values are read yet.
     *
     * @param vocabulary of the tokenizer
     * @throws UserException in one line, where a file is no whole one, holds code, or does not fit the model or the tokenizer
     */
    public static InitialWeights open(
            List<WeightSource> sources, ModelSettings settings, ModelParts parts, Vocabulary vocabulary) {
        InitialWeights weights = new InitialWeights(settings.tensors(parts));
        try {
            sources.forEach(source -> weights.add(source, settings, vocabulary));
            weights.model.forEach((name, shape) -> {
                if (!weights.fits.containsKey(name)) {
                    weights.report.add(InitReport.Fate.INITIAL, InitReport.shown(name, shape), "", "");
                }
            });
            return weights;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private void add(WeightSource source, ModelSettings settings, Vocabulary vocabulary) {
        TensorFile file = TensorFiles.open(source.path());
        files.add(file);
        Family family = Families.of(file);
        report.note(
                file.path() + ": " + family.name() + ", " + source.part().name().toLowerCase(Locale.ROOT));
        requireKind(file, family, source.part(), vocabulary);
        check(file, family, source.part(), settings, vocabulary);
        Map<String, Set<Integer>> filled = new TreeMap<>();
        Map<String, Integer> parts = new TreeMap<>();
        for (TensorFile.Entry entry : file.tensors().values()) {
            Place place = family.place(entry.name(), model.keySet());
            String there = InitReport.shown(entry.name(), entry.shape());
            if (place == null
                    || !model.containsKey(place.name())
                    || !source.part().has(place.name())) {
                report.add(InitReport.Fate.IGNORED, "", there, "");
                continue;
            }
            long[] shape = model.get(place.name());
            requireTokens(file, entry, place, vocabulary.size());
            Fit fit = Fit.of(file, entry, place, shape);
            if (!filled.computeIfAbsent(place.name(), key -> new HashSet<>()).add(place.part())) {
                throw new UserException(file.path() + ": " + entry + " is " + place.name()
                        + " of this model, as another tensor is; take another copy");
            }
            parts.put(place.name(), place.parts());
            fits.computeIfAbsent(place.name(), key -> new ArrayList<>()).add(fit);
            report.add(
                    fit.isResized() ? InitReport.Fate.RESIZED : InitReport.Fate.LOADED,
                    InitReport.shown(place.name(), shape),
                    there,
                    fit.how());
        }
        file.beside().forEach(other -> report.add(InitReport.Fate.IGNORED, "", other, ""));
        for (String name : model.keySet()) {
            int there = filled.getOrDefault(name, Set.of()).size();
            if ((there == 0 && source.part().needs(name)) || (there > 0 && there < parts.getOrDefault(name, 1))) {
                String what =
                        filled.isEmpty() || source.part() == Part.WHOLE ? "of " + family.name() + ", has " : "has ";
                throw new UserException(file.path() + ": " + what + (there == 0 ? "nothing" : "only a part") + " for "
                        + name + " of this model; "
                        + (what.equals("has ")
                                ? "set the sizes of flm.model to those of the weights, or give others"
                                : "give weights of one encoder as image= or text=, whichever they are of, or others"));
            }
        }
    }

    /** Positions would be counted otherwise than the weights learnt, and special tokens be others. */
    private static void requireKind(TensorFile file, Family family, Part part, Vocabulary vocabulary) {
        TokenizerKind kind = family.tokenizer();
        if (part != Part.IMAGE && kind != null && kind != vocabulary.kind()) {
            throw new UserException(file.path() + ": " + family.name() + " reads texts with " + kind.specials()
                    + ", but the tokenizer has " + vocabulary.kind().specials()
                    + "; give the tokenizer of these weights with --tokenizer");
        }
    }

    /** Errors of a family say no file. */
    private void check(TensorFile file, Family family, Part part, ModelSettings settings, Vocabulary vocabulary) {
        try {
            JsonNode config = part == Part.WHOLE ? null : config(file.path().resolveSibling(family.config()));
            family.check(file, config, settings, vocabulary, note -> report.note("  " + note));
        } catch (UserException e) {
            throw new UserException(file.path() + ": " + e.getMessage(), e);
        }
    }

    private static @Nullable JsonNode config(Path config) {
        if (!Files.isRegularFile(config)) {
            return null;
        }
        try {
            JsonNode read = JSON.readTree(SmallFile.read(config, MOST_CONFIG_BYTES));
            if (!read.isObject()) {
                throw new UserException(config + ": no JSON object; take another copy, or remove it");
            }
            return read;
        } catch (IOException e) {
            throw new UserException(config + ": cannot be read as JSON; take another copy, or remove it", e);
        }
    }

    /** The same number would else stand for another word here than there. */
    private static void requireTokens(TensorFile file, TensorFile.Entry entry, Place place, int tokens) {
        if (!place.name().equals(WORDS) || entry.shape().length == 0) {
            return;
        }
        long rows = entry.shape()[0];
        if (tokens < rows * (1 - PADDED) || tokens > rows * (1 + ADDED)) {
            throw new UserException(file.path() + ": " + entry + " is of " + rows + " tokens, but the tokenizer has "
                    + tokens + "; give the tokenizer of these weights with --tokenizer");
        }
    }

    /** What becomes of each tensor. */
    public InitReport report() {
        return report;
    }

    /**
     * Of the values that it fills the model with. All are read, and looked at.
     *
     * @throws UserException where one is no number
     */
    public synchronized String sha256() {
        if (sha256 == null) {
            sha256 = digest((name, offset, values) -> {});
        }
        return sha256;
    }

    /**
     * Gives the values of a model.
     *
     * @param layout where its tensors lie
     * @throws UserException where a file is no longer what it was
     */
    public synchronized void load(List<TensorRange> layout, FlatFloats.Sink into) {
        String expected = sha256();
        Map<String, Long> starts = new TreeMap<>();
        layout.forEach(range -> starts.put(range.name(), range.offset()));
        String read = digest((name, offset, values) -> {
            Long start = starts.get(name);
            if (start == null) {
                throw new IllegalStateException("the model has no " + name);
            }
            into.write(start + offset, values);
        });
        if (!read.equals(expected)) {
            throw new UserException(files.get(0).path() + ": changed while it was read; start the run again");
        }
    }

    private interface Values {
        void take(String name, long offset, FloatBuffer values);
    }

    private String digest(Values into) {
        MessageDigest digest = Sha256.newDigest();
        ByteBuffer bytes = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
        fits.forEach((name, parts) -> {
            digest.update(name.getBytes(StandardCharsets.UTF_8));
            for (Fit fit : inOrder(parts)) {
                fit.copy(0, (offset, values) -> {
                    FloatBuffer all = values.duplicate();
                    while (all.hasRemaining()) {
                        bytes.clear();
                        int count = Math.min(all.remaining(), bytes.capacity() / Float.BYTES);
                        bytes.asFloatBuffer().put(all.slice(all.position(), count));
                        digest.update(bytes.limit(count * Float.BYTES));
                        all.position(all.position() + count);
                    }
                    into.take(name, offset, values);
                });
            }
        });
        return Sha256.hex(digest);
    }

    /** Files have their tensors in any order. */
    private static List<Fit> inOrder(List<Fit> parts) {
        return parts.stream().sorted(Comparator.comparingLong(Fit::offset)).toList();
    }

    @Override
    public void close() {
        files.forEach(TensorFile::close);
    }
}
