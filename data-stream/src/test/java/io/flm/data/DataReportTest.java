package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataReportTest {
    private static final DataSettings SETTINGS = DataSettings.from(ConfigFactory.load());

    @TempDir
    private Path folder = Path.of("");

    @Test
    void everythingIsCountedAndWhatCannotBeUsedIsNamed() {
        Path shard = Shards.of(5)
                .with("s001.png", "torn")
                .with("s002.txt", "...")
                .with("lonely.png", Shards.png(8, 8, 0))
                .with("mute.txt", "a caption")
                .with("twice.json", "{\"captions\": [\"one\", \"two of them\"]}")
                .with("twice.png", Shards.png(20, 10, 0))
                .write(folder.resolve("b.tar"));
        try (Dataset source = Dataset.open(List.of(shard));
                Tokenizer tokenizer = Tokenizer.load(TokenizerTest.EMOJI)) {
            DataReport report = DataReport.of(source, tokenizer, SETTINGS, index -> {});
            assertThat(report.samples()).isEqualTo(6);
            assertThat(report.shards()).containsEntry("b.tar", 6).hasSize(1);
            assertThat(report.shapes()).containsEntry("16 x 16", 3).containsEntry("20 x 10", 1);
            assertThat(report.captions()).isEqualTo(5);
            assertThat(report.tokenLengths().values().stream().mapToInt(n -> n).sum())
                    .isEqualTo(5);
            assertThat(report.bad())
                    .containsExactly(
                            "b.tar:s001: not a PNG, JPEG, WebP, GIF, BMP or TIFF picture",
                            "b.tar:s002: the caption is empty");
            assertThat(report.leftOut().names())
                    .containsExactly(
                            "b.tar:mute.txt: a caption without a picture (jpg, png, webp, gif, bmp, tif)",
                            "b.tar:lonely.png: a picture without a caption (txt, json)");
        }
    }

    @Test
    void theBenchmarkTimesEveryStage() {
        ActorTestKit akka = ActorTestKit.create();
        try (Tokenizer tokenizer = Tokenizer.load(TokenizerTest.EMOJI)) {
            DataBench bench = DataBench.run(
                    akka.system(),
                    tokenizer,
                    SETTINGS,
                    (samples, random) -> TextBatch.leftToRight(Sample.captions(samples), tokenizer.padId()),
                    64,
                    2);
            assertThat(bench.samplesPerSecond()).isPositive();
            assertThat(bench.stages()).hasSize(7).allMatch(stage -> stage.samples() >= 0);
            assertThat(bench.decoderShare()).isBetween(0.0, 1.0);
        } finally {
            akka.shutdownTestKit();
        }
    }
}
