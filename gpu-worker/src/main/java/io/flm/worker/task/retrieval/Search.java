package io.flm.worker.task.retrieval;

import io.flm.data.Examples;
import io.flm.data.Sample;
import io.flm.worker.task.TaskModel;
import io.flm.worker.task.score.Recalls;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Pictures and texts among which the right ones are looked for, as one model reads them: in its size, by its tokenizer.
 *
 * @param pictures without their texts
 * @param texts of all pictures, those of a picture together
 */
record Search(List<Sample> pictures, List<Text> texts) {
    /**
     * A text.
     *
     * @param words as they are written
     * @param row its tokens
     * @param picture whose it is
     */
    record Text(String words, int[] row, int picture) {}

    /**
     * Reads examples, by their indices.
     *
     * @param progress is told how many are read
     */
    static Search read(TaskModel model, Examples examples, long[] indices, IntConsumer progress) {
        List<Sample> pictures = new ArrayList<>();
        List<Text> texts = new ArrayList<>();
        for (int i = 0; i < indices.length; i++) {
            progress.accept(i);
            Sample sample = model.read(examples, indices[i], indices[i] + 1).get(0);
            pictures.add(new Sample(sample.key(), sample.pictures(), List.of(), sample.labels()));
            List<String> words = model.texts(examples, indices[i]);
            for (int t = 0; t < words.size(); t++) {
                texts.add(new Text(words.get(t), sample.texts().get(t), i));
            }
        }
        return new Search(pictures, texts);
    }

    /** Which picture each text is of. */
    int[] pictureOfText() {
        return texts.stream().mapToInt(Text::picture).toArray();
    }

    /** What a model reaches to which all are alike; a picture with several texts finds one of them the more easily. */
    Recalls chance() {
        return Recalls.of(pictures.size(), pictureOfText(), (picture, text) -> 0);
    }

    long pairs() {
        return (long) pictures.size() * texts.size();
    }
}
