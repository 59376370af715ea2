package io.flm.launch.report;

import com.typesafe.config.Config;
import io.flm.data.DataSettings;
import io.flm.data.Dataset;
import io.flm.data.Pictures;
import io.flm.data.RandomStream;
import io.flm.data.RandomStream.Purpose;
import io.flm.data.Sample;
import io.flm.data.SampleException;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.launch.html.ContactSheet.Sheet;
import io.flm.worker.evaluate.TextReading;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.TextMasks;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import io.flm.worker.torch.Torch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Samples as training would see them: what augmentation makes of the picture, what spans hide of the text. */
public final class SampleSheets {
    private static final int DRAWS = 5;

    private final FreeLanguageModeling spans;
    private final Dataset source;
    private final Tokenizer tokenizer;
    private final DataSettings settings;
    private final List<Pictures> pictures; // by source
    private final ModelSettings model;
    private final long seed;

    public SampleSheets(Dataset source, Tokenizer tokenizer, DataSettings settings, Config config) {
        this.source = source;
        this.tokenizer = tokenizer;
        this.settings = settings;
        this.pictures = settings.sources().stream()
                .map(each -> Pictures.with(each.pictures()))
                .toList();
        this.spans = FreeLanguageModeling.from(config.getConfig("flm.train"));
        this.model = ModelSettings.from(config);
        this.seed = config.getLong("flm.train.seed");
    }

    /** A caption and its row, as people read it. */
    public record Example(String caption, List<String> tokens) {
        public Example {
            tokens = List.copyOf(tokens);
        }
    }

    /** The first sample; empty if it is bad. */
    public Optional<Example> example() {
        if (source.size() == 0) {
            return Optional.empty();
        }
        try {
            String caption = source.captions(0).get(0);
            return Optional.of(new Example(caption, TextReading.pieces(row(caption), tokenizer)));
        } catch (SampleException | IOException e) {
            return Optional.empty(); // the report names it
        }
    }

    /** At most {@code count} samples, evenly from the whole source; bad ones are left out. */
    public List<Sheet> of(int count) {
        Torch.prepareThread(1);
        try (TextMasks masks = new TextMasks(model)) {
            long shown = Math.min(count, source.size());
            List<Sheet> sheets = new ArrayList<>();
            for (long i = 0; i < shown; i++) {
                sheet(i * source.size() / shown, masks).ifPresent(sheets::add);
            }
            return sheets;
        }
    }

    private Optional<Sheet> sheet(long index, TextMasks masks) {
        try {
            String caption = source.captions(index).get(0);
            int of = source.sourceOf(index);
            byte[] picture = pictures.get(of).decode(pictures.get(of).read(source, index), model.imageSize());
            List<byte[]> draws = new ArrayList<>(List.of(picture));
            for (int draw = 0; draw < DRAWS; draw++) {
                RandomStream random = RandomStream.of(seed, Purpose.AUGMENT, index, draw);
                draws.add(settings.sources().get(of).augmentation().apply(picture, model.imageSize(), random));
            }
            int[] row = row(caption);
            TextBatch read = spans.corruption(new TextLayout(tokenizer.vocabulary(), settings.beginToken()))
                    .plan(Sample.ofTexts(List.<int[]>of(row)), RandomStream.of(seed, Purpose.CORRUPT, index));
            return Optional.of(new Sheet(
                    source.name(index),
                    caption,
                    draws,
                    TextReading.of("with spans at " + spans.setting(), row, read, tokenizer, masks)));
        } catch (SampleException | IOException e) {
            return Optional.empty(); // the report names it
        }
    }

    private int[] row(String caption) {
        return tokenizer.encode(caption, settings.maxTokens(), settings.beginToken());
    }
}
