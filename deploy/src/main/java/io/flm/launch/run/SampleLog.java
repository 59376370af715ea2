package io.flm.launch.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.flm.coordinator.SampleHistory;
import io.flm.data.FileErrors;
import io.flm.data.SmallFile;
import io.flm.launch.console.Json;
import io.flm.launch.files.PlainFile;
import io.flm.worker.ShownSamples;
import io.flm.worker.ShownSamples.Prediction;
import io.flm.worker.ShownSamples.Predictions;
import io.flm.worker.ShownSamples.Sample;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The held-out samples that a run shows: {@code samples.jsonl}, a line for each sample with its picture, then one for each time that the
 * weights were asked, as far as {@link SampleHistory} keeps them. Written by whichever node has rank 0.
 */
public final class SampleLog {
    private static final Logger LOG = LoggerFactory.getLogger(SampleLog.class);
    private static final int MOST_BYTES = 32 << 20;
    private static final int LONGEST = ShownSamples.LONGEST + 1; // one that was cut ends with a sign more
    private static final int MOST_VIEWS = 4;
    private static final long MOST_STEPS = 1_000_000_000_000_000L; // which a number of a page holds
    private static final byte[] PNG = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    /** One of both. */
    private record Line(
            int number, @Nullable Sample sample, @Nullable Predictions predictions) {}

    private final Path file;
    private @Nullable SampleHistory history; // as the file has it
    private long writtenBytes; // of the file then: another node may have rank 0 meanwhile, and share it
    private boolean failing;

    public SampleLog(Path file) {
        this.file = file;
    }

    /** Adds what weights said; what the file says of later steps, which are done again, goes. */
    public synchronized void add(ShownSamples shown) {
        try {
            SampleHistory known = history;
            if (known == null || !Files.exists(file) || Files.size(file) != writtenBytes) {
                known = read(file);
                for (int number = 0; number < shown.samples().size(); number++) {
                    known.show(number, shown.samples().get(number));
                }
                known.add(shown.predictions());
                PlainFile.replace(file, text(known));
                history = known;
            } else {
                int before = known.predictions().size();
                known.add(shown.predictions());
                if (known.predictions().size() == before + 1) {
                    append(shown.predictions());
                } else {
                    PlainFile.replace(file, text(known));
                }
            }
            writtenBytes = Files.size(file);
            failing = false;
        } catch (IOException e) { // training is worth more
            history = null;
            if (!failing) {
                LOG.warn(
                        "{}: cannot be written ({}); training goes on without its samples", file, FileErrors.reason(e));
            }
            failing = true;
        }
    }

    private void append(Predictions predictions) throws IOException {
        try (Writer out = new OutputStreamWriter(PlainFile.append(file), StandardCharsets.UTF_8)) {
            out.write(Json.line(new Line(0, null, predictions)) + "\n");
        }
    }

    private static String text(SampleHistory history) {
        List<Line> lines = new ArrayList<>();
        for (int number = 0; number < history.samples().size(); number++) {
            lines.add(new Line(number, history.samples().get(number), null));
        }
        history.predictions().forEach(each -> lines.add(new Line(0, null, each)));
        return lines.stream().map(line -> Json.line(line) + "\n").collect(Collectors.joining());
    }

    /** What such a file keeps. A file that is not there, or is too large, keeps nothing; a line that is damaged is passed over. */
    public static SampleHistory read(Path file) {
        SampleHistory history = new SampleHistory();
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return history;
        }
        try {
            new String(SmallFile.read(file, MOST_BYTES), StandardCharsets.UTF_8)
                    .lines()
                    .forEach(line -> take(line, history));
        } catch (IOException e) {
            LOG.info("{}: not read ({})", file, FileErrors.reason(e));
        }
        return history;
    }

    private static void take(String text, SampleHistory history) {
        try {
            Line line = Json.read(text, Line.class);
            Sample sample = line.sample();
            Predictions predictions = line.predictions();
            if (sample != null && isWhole(sample)) {
                history.show(line.number(), sample);
            } else if (predictions != null && isWhole(predictions)) {
                history.add(predictions);
            }
        } catch (JsonProcessingException e) { // cut in the middle
        }
    }

    /**
     * Whether a sample is as a run writes it. The folder may be somebody else's: the page takes a view to have a row for each token, and
     * one node sends all samples to the others in one message.
     */
    private static boolean isWhole(Sample sample) {
        int tokens = sample.tokens().size();
        return isText(sample.key())
                && isText(sample.name())
                && isText(sample.how())
                && tokens <= ShownSamples.MOST_TOKENS
                && sample.tokens().stream().allMatch(SampleLog::isText)
                && sample.views().size() <= MOST_VIEWS
                && sample.views().stream().allMatch(view -> isText(view.reader()) && isSquare(view.rows(), tokens))
                && isPng(sample.picture());
    }

    private static boolean isWhole(Predictions predictions) {
        return predictions.step() >= 0
                && predictions.step() <= MOST_STEPS
                && predictions.bySample().size() <= ShownSamples.MOST
                && predictions.bySample().stream().allMatch(SampleLog::isWhole);
    }

    private static boolean isWhole(Prediction prediction) {
        return (prediction.caption() == null || isText(prediction.caption()))
                && (prediction.loss() == null || Double.isFinite(prediction.loss()))
                && prediction.guesses().size() <= ShownSamples.MOST_TOKENS
                && prediction.guesses().stream()
                        .allMatch(guess -> guess.token() >= 0
                                && guess.token() < ShownSamples.MOST_TOKENS
                                && isText(guess.best())
                                && guess.probability() >= 0
                                && guess.probability() <= 1);
    }

    private static boolean isSquare(List<String> rows, int tokens) {
        return rows.size() == tokens && rows.stream().allMatch(row -> row.length() == tokens);
    }

    /** JSON may lack it. */
    private static boolean isText(@Nullable String text) {
        return text != null && text.length() <= LONGEST;
    }

    private static boolean isPng(@Nullable String picture) {
        if (picture == null || picture.length() > ShownSamples.MOST_PICTURE_LETTERS) {
            return false;
        }
        try {
            return Arrays.mismatch(Base64.getDecoder().decode(picture), PNG) == PNG.length;
        } catch (IllegalArgumentException e) { // no Base64
            return false;
        }
    }
}
