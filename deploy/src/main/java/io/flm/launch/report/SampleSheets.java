package io.flm.launch.report;

import com.typesafe.config.Config;
import io.flm.data.Corruption;
import io.flm.data.DataSettings;
import io.flm.data.Dataset;
import io.flm.data.Pictures;
import io.flm.data.RandomStream;
import io.flm.data.RandomStream.Purpose;
import io.flm.data.Sample;
import io.flm.data.SampleException;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.launch.html.ContactSheet.Sheet;
import io.flm.worker.objective.flm.FreeLanguageModeling;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Samples as training would see them: what augmentation makes of the picture, what spans hide of the text. */
public final class SampleSheets {
    private static final int DRAWS = 5;

    private final FreeLanguageModeling spans;
    private final Dataset source;
    private final Tokenizer tokenizer;
    private final DataSettings settings;
    private final Pictures pictures;
    private final int imageSize;
    private final long seed;

    public SampleSheets(Dataset source, Tokenizer tokenizer, DataSettings settings, Config config) {
        this.source = source;
        this.tokenizer = tokenizer;
        this.settings = settings;
        this.pictures = Pictures.with(settings.pictures());
        this.spans = FreeLanguageModeling.from(config.getConfig("flm.train"));
        this.imageSize = config.getInt("flm.model.image-size");
        this.seed = config.getLong("flm.train.seed");
    }

    /** At most {@code count} samples, evenly from the whole source; bad ones are left out. */
    public List<Sheet> of(int count) {
        TextLayout layout = new TextLayout(tokenizer.vocabulary(), settings.beginToken());
        Corruption corruption = spans.corruption(layout);
        long shown = Math.min(count, source.size());
        List<Sheet> sheets = new ArrayList<>();
        for (long i = 0; i < shown; i++) {
            sheet(i * source.size() / shown, corruption).ifPresent(sheets::add);
        }
        return sheets;
    }

    private Optional<Sheet> sheet(long index, Corruption corruption) {
        try {
            String caption = source.captions(index).get(0);
            byte[] picture = pictures.decode(pictures.read(source, index), imageSize);
            List<byte[]> draws = new ArrayList<>(List.of(picture));
            for (int draw = 0; draw < DRAWS; draw++) {
                RandomStream random = RandomStream.of(seed, Purpose.AUGMENT, index, draw);
                draws.add(settings.augmentation().apply(picture, imageSize, random));
            }
            int[] ids = tokenizer.encode(caption, settings.maxTokens(), settings.beginToken());
            RandomStream random = RandomStream.of(seed, Purpose.CORRUPT, index);
            return Optional.of(new Sheet(
                    source.name(index),
                    caption,
                    pieces(ids),
                    draws,
                    corruption.plan(Sample.ofTexts(List.<int[]>of(ids)), random)));
        } catch (SampleException | IOException e) {
            return Optional.empty(); // the report names it
        }
    }

    private List<String> pieces(int[] ids) {
        return Arrays.stream(ids)
                .mapToObj(id -> {
                    if (id == tokenizer.startId()) {
                        return "<s>";
                    }
                    return id == tokenizer.endId() ? "</s>" : tokenizer.decode(new int[] {id});
                })
                .toList();
    }
}
