package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.architecture.Repository;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code --dry-run} says of memory is what a process then takes. */
@Timeout(600)
@EnabledOnOs(OS.LINUX)
class MemoryTest {
    private static final double MIB = 1 << 20;

    @TempDir
    private Path folder = Path.of("");

    /** Pictures whose texts are longer than any that is trained on, so that each batch is as long as it can be. */
    private Path data() throws IOException {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB), "png", png);
        byte[] text = "red cat ".repeat(60).getBytes(StandardCharsets.UTF_8);
        Path tar = folder.resolve("long.tar");
        try (OutputStream out = Files.newOutputStream(tar)) {
            for (int sample = 0; sample < 100; sample++) {
                entry(out, sample + ".png", png.toByteArray());
                entry(out, sample + ".txt", text);
            }
            out.write(new byte[1024]);
        }
        return tar;
    }

    private static void entry(OutputStream out, String name, byte[] bytes) throws IOException {
        byte[] header = new byte[512];
        put(header, 0, name);
        put(header, 100, "0000644\0" + "0000000\0" + "0000000\0" + String.format("%011o\0%011o\0", bytes.length, 0));
        put(header, 148, "        0");
        put(header, 257, "ustar\00000");
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        put(header, 148, String.format("%06o\0 ", sum));
        out.write(header);
        out.write(bytes);
        out.write(new byte[(512 - bytes.length % 512) % 512]);
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--workers 1",
                "--workers 2 --objective mlm --set flm.train.recompute=on",
                "--workers 1 --set flm.train.matching=on",
                "--workers 1 --objective mlm --set flm.train.prediction-rate=1",
            })
    void theEstimateIsNearTheMeasuredPeak(String shape) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(
                "pretrain",
                "--preset",
                "mid",
                "--data",
                data().toString(),
                "--tokenizer",
                Repository.root()
                        .resolve("data-stream/emoji/tokenizer-emoji-2k.json")
                        .toString(),
                "--steps",
                "2",
                "--set",
                "flm.train.micro-batch=16",
                "--hold-out",
                "0",
                "--set",
                "flm.data.cache-size=16MiB",
                "--set",
                "flm.checkpoint.every-steps=1",
                "--json"));
        arguments.addAll(Arrays.asList(shape.split(" ")));
        List<String> dry = new ArrayList<>(arguments);
        dry.add("--dry-run");
        double estimate = FlmProcess.start(folder.resolve("out"), dry.toArray(String[]::new))
                .result()
                .path("memoryBytes")
                .path("sum")
                .asDouble();
        arguments.addAll(List.of("--run", folder.resolve("r").toString()));
        FlmProcess run = FlmProcess.start(folder.resolve("out"), arguments.toArray(String[]::new));
        double peak = 0;
        do {
            peak = Math.max(peak, run.peakBytes());
        } while (!run.endsWithin(20));
        assertThat(run.exitCode()).as(run.errors()).isZero();
        assertThat(estimate / peak)
                .as("estimated %.0f MiB, measured %.0f", estimate / MIB, peak / MIB)
                .isBetween(0.75, 1.25);
    }
}
