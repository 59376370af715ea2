package io.flm.worker.evaluate;

import static io.flm.data.RandomStream.order;

import io.flm.data.Dataset;
import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.Pictures;
import io.flm.data.RemotePath;
import io.flm.data.Sample;
import io.flm.data.SampleException;
import io.flm.data.SampleReader;
import io.flm.data.Tokenizer;
import io.flm.data.source.Sources;
import io.flm.worker.evaluate.HeldOut.Example;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * Reads held-out samples: of each its first caption, the name.
 *
 * @param pictures of a task; others are read as their data are
 * @param imageSize S, pixels a side
 * @param maxTokens the longest text
 * @param refused is told of bad samples and of what is no sample, a line each; they are left out
 */
record HeldOutReader(
        Tokenizer tokenizer,
        Pictures pictures,
        int imageSize,
        int maxTokens,
        boolean beginToken,
        Consumer<String> refused) {
    /**
     * Samples in an order that depends on the seed alone.
     *
     * @param limit at most so many; 0: all
     * @param progress is told how many there are so far
     */
    HeldOut read(HeldOutData data, int limit, long seed, IntConsumer progress) {
        List<Example> examples = new ArrayList<>();
        try (Dataset source = Sources.open(data.data(), data.split())) {
            if (source.leftOut().total() > 0) {
                refused.accept("left out of the held-out data: " + source.leftOut());
            }
            Examples captioned = source.captioned();
            List<SampleReader> readers = data.data().sources().stream()
                    .map(each -> new SampleReader(
                            captioned,
                            source,
                            tokenizer,
                            Pictures.with(each.pictures()),
                            imageSize,
                            maxTokens,
                            beginToken))
                    .toList();
            for (long index : order(captioned.size(), seed)) {
                if (limit > 0 && examples.size() == limit) {
                    break;
                }
                progress.accept(examples.size());
                try {
                    String name = captioned.texts(index).get(0);
                    Sample sample = readers.get(source.sourceOf(index)).read(index, List.of(name));
                    examples.add(new Example(
                            sample.key(),
                            name,
                            sample.texts().get(0),
                            sample.pictures().get(0)));
                } catch (SampleException e) {
                    refused.accept(e.getMessage());
                } catch (IOException e) {
                    refused.accept(captioned.name(index) + ": " + e.getMessage());
                }
            }
        }
        if (examples.size() < HeldOutData.LEAST) {
            throw new HeldOutData.TooFew(RemotePath.shown(data.paths()) + ": " + examples.size()
                    + " usable held-out samples, and an evaluation" + " compares at least " + HeldOutData.LEAST);
        }
        return new HeldOut(imageSize, examples);
    }

    /**
     * Examples of a task in such an order, each with its first text and its label.
     *
     * @param limit at most so many; 0: all
     */
    List<Sample> read(Examples examples, PictureSource source, int limit, long seed) {
        SampleReader reader = new SampleReader(examples, source, tokenizer, pictures, imageSize, maxTokens, beginToken);
        List<Sample> samples = new ArrayList<>();
        for (long index : order(examples.size(), seed)) {
            if (limit > 0 && samples.size() == limit) {
                break;
            }
            try {
                samples.add(reader.read(index, examples.texts(index).subList(0, 1)));
            } catch (SampleException e) {
                refused.accept(e.getMessage());
            } catch (IOException e) {
                refused.accept(examples.name(index) + ": " + e.getMessage());
            }
        }
        if (samples.isEmpty()) {
            throw new HeldOutData.TooFew("none of the " + examples.size() + " examples to score on is usable");
        }
        return samples;
    }
}
