package io.flm.worker.task;

import io.flm.data.Dataset;
import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.RandomStream;
import io.flm.data.TextForm;
import io.flm.data.UserException;
import io.flm.data.annotation.AnnotatedExamples;
import io.flm.data.annotation.CaptionFormats;
import io.flm.data.annotation.CaptionedPicture;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.LongStream;

/** Pictures with captions, of annotation files or of shards: what retrieval and captioning read. */
public final class CaptionData {
    /** What annotation files are, for messages. */
    public static final String FILES =
            "COCO's or Karpathy's captions in JSON, or no file: then the shards' own captions are meant";

    private static final String TRAIN = "train";
    private static final String SCORED = "test"; // of Karpathy's splits

    private CaptionData() {}

    /** Reads them; of annotation files only pictures that have a caption. */
    public static Examples read(
            String task, List<Path> annotations, PictureSource pictures, boolean training, Consumer<String> note) {
        if (annotations.isEmpty()) {
            if (pictures instanceof Dataset shards) {
                return shards.captioned();
            }
            throw new UserException(task + ": no captions; give " + FILES);
        }
        CaptionFormats files = CaptionFormats.read(annotations, training ? TRAIN : SCORED);
        if (files.leftOut() > 0) {
            note.accept(String.format(
                    Locale.ROOT, "%s: %,d pictures without a caption are left out", task, files.leftOut()));
        }
        if (files.all().isEmpty()) {
            throw new UserException(annotations + ": no picture has a caption; give other files");
        }
        return AnnotatedExamples.of(
                files.all().stream().map(CaptionedPicture::annotated).toList(), pictures, TextForm.CAPTION);
    }

    /** What is to be said where only some are scored. */
    public static List<String> notes(long count, int scored) {
        return scored == count
                ? List.of()
                : List.of(String.format(
                        Locale.ROOT,
                        "%,d of %,d pictures are scored, which were drawn (flm.evaluate.samples)",
                        scored,
                        count));
    }

    /** How a task scores examples. */
    @FunctionalInterface
    public interface Scoring {
        TaskReport of(TaskModel model, Examples examples, ScoringProgress progress);
    }

    /** Examples, whose texts are all that is known of them, and how they are scored. */
    public static ScoredExamples scored(Examples examples, Scoring scoring) {
        return new ScoredExamples() {
            @Override
            public Examples examples() {
                return examples;
            }

            @Override
            public TaskReport score(TaskModel model, ScoringProgress progress) {
                return scoring.of(model, examples, progress);
            }
        };
    }

    /**
     * Which examples are scored: all, or some that are drawn, the same for every model.
     *
     * @param most at most so many; 0: all
     */
    public static long[] scored(long count, long most, long seed) {
        return most == 0 || count <= most
                ? LongStream.range(0, count).toArray()
                : Arrays.copyOf(RandomStream.order(count, seed), Math.toIntExact(most));
    }
}
