package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.flm.architecture.Repository;
import io.flm.data.Dataset;
import io.flm.data.source.Sources;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The same weights and held-out figures, bit for bit, whatever kind of file the same samples come in. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SameSourcesTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Emoji pictures with one or two captions, in four record batches. */
    private static final Path ARROW =
            Repository.root().resolve("data-stream/src/test/resources/io/flm/data/arrow/fluent.arrow");

    @TempDir
    private Path folder = Path.of("");

    private final List<String> keys = new ArrayList<>();
    private final List<List<String>> captions = new ArrayList<>();
    private Path shard = Path.of("");
    private Path pictures = Path.of("");

    /** The samples of the Arrow file as a shard, and their pictures in a folder. */
    @BeforeEach
    void readSamples() throws Exception {
        shard = folder.resolve("shard.tar");
        pictures = folder.resolve("pictures");
        try (Dataset source = Sources.open(List.of(ARROW));
                TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(shard))) {
            for (long index = 0; index < source.size(); index++) {
                keys.add(source.key(index));
                captions.add(source.captions(index));
                ObjectNode json = JSON.createObjectNode();
                source.captions(index).forEach(json.putArray("captions")::add);
                add(tar, source.key(index) + ".png", source.image(index));
                add(tar, source.key(index) + ".json", JSON.writeValueAsBytes(json));
                Path picture = pictures.resolve(source.key(index) + ".png");
                Files.createDirectories(picture.getParent());
                Files.write(picture, source.image(index));
            }
        }
    }

    private static void add(TarArchiveOutputStream tar, String name, byte[] content) throws Exception {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    private Path coco() throws Exception {
        ObjectNode file = JSON.createObjectNode();
        ArrayNode images = file.putArray("images");
        ArrayNode annotations = file.putArray("annotations");
        for (int second = 0; second < 2; second++) { // all first captions, then all second ones
            for (int i = 0; i < keys.size(); i++) {
                if (second < captions.get(i).size()) {
                    annotations
                            .addObject()
                            .put("id", annotations.size())
                            .put("image_id", 1000 + i)
                            .put("caption", captions.get(i).get(second));
                }
            }
        }
        for (int i = 0; i < keys.size(); i++) {
            images.addObject().put("id", 1000 + i).put("file_name", keys.get(i) + ".png");
        }
        return Files.write(folder.resolve("captions.json"), JSON.writeValueAsBytes(file));
    }

    private Path karpathy() throws Exception {
        ObjectNode file = JSON.createObjectNode();
        ArrayNode images = file.putArray("images");
        for (int i = 0; i < keys.size(); i++) {
            ObjectNode image = images.addObject()
                    .put("filename", keys.get(i) + ".png")
                    .put("split", i % 3 == 0 ? "restval" : "train")
                    .put("imgid", i);
            ArrayNode sentences = image.putArray("sentences");
            captions.get(i).forEach(caption -> sentences.addObject().put("raw", caption));
            images.addObject() // of a split that is not trained on
                    .put("filename", "elsewhere/" + i + ".png")
                    .put("split", "test")
                    .put("imgid", 10_000 + i)
                    .putArray("sentences");
        }
        return Files.write(folder.resolve("dataset.json"), JSON.writeValueAsBytes(file));
    }

    private Path table(String name, String separator, boolean header) throws Exception {
        StringBuilder lines = new StringBuilder(header ? "caption,split,image\n".replace(",", separator) : "");
        for (int i = 0; i < keys.size(); i++) {
            for (String caption : captions.get(i)) {
                String quoted = "\"" + caption.replace("\"", "\"\"") + "\"";
                String picture = keys.get(i) + ".png";
                lines.append(header ? quoted + separator + "train" + separator + picture : picture + separator + quoted)
                        .append("\n");
            }
        }
        return Files.write(folder.resolve(name), lines.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** The weights and the held-out figures of a run. */
    private List<String> trained(String run, Path... data) throws Exception {
        List<String> arguments =
                new ArrayList<>(List.of("pretrain", "--preset", "tiny", "--steps", "6", "--threads", "1"));
        for (Path path : data) {
            arguments.addAll(List.of("--data", path.toString()));
        }
        Path tokenizer = Repository.root().resolve("data-stream/emoji/tokenizer-emoji-2k.json");
        arguments.addAll(List.of("--tokenizer", tokenizer.toString(), "--hold-out", "20%"));
        for (String setting : List.of("caption-samples=0", "pools=1", "pool-size=4")) {
            arguments.addAll(List.of("--set", "flm.evaluate." + setting));
        }
        arguments.addAll(List.of("--json", "--run", folder.resolve(run).toString()));
        JsonNode result =
                FlmProcess.start(folder, arguments.toArray(String[]::new)).result();
        return List.of(
                result.get("weightsSha256").asText(), result.get("heldOut").toString());
    }

    private Path packed(String name, String... arguments) throws Exception {
        Path out = folder.resolve(name + "-shards");
        List<String> all = new ArrayList<>(List.of("data", "pack", "--json", "--out", out.toString()));
        all.addAll(List.of(arguments));
        JsonNode result = FlmProcess.start(folder, all.toArray(String[]::new)).result();
        assertThat(result.get("samples").asInt()).isEqualTo(keys.size());
        return out;
    }

    @Test
    void samplesOfArrowFilesAndOfTablesTrainToTheWeightsOfShards() throws Exception {
        List<String> weights = trained("shard", shard);
        assertThat(weights.get(0)).matches("[0-9a-f]{64}");
        assertThat(weights.get(1)).contains("tokenLoss");
        assertThat(trained("arrow", ARROW)).as("Arrow").isEqualTo(weights);
        assertThat(trained("coco", coco(), pictures)).as("COCO").isEqualTo(weights);
        assertThat(trained("karpathy", karpathy(), shard)).as("Karpathy").isEqualTo(weights);
        assertThat(trained("csv", table("captions.csv", ",", true), pictures))
                .as("CSV")
                .isEqualTo(weights);
        assertThat(trained("tsv", table("captions.tsv", "\t", false), shard))
                .as("TSV")
                .isEqualTo(weights);
        assertThat(trained("packed", packed("packed", "--shard-size", "10", ARROW.toString())))
                .as("packed shards")
                .isEqualTo(weights);
        Path resized = packed("resized", "--resize", "32", "--format", "png", coco().toString(), pictures.toString());
        assertThat(trained("resized", resized))
                .as("resized to the size that is trained on, without loss")
                .isEqualTo(weights);
        Path fewer = folder.resolve("fewer.csv");
        List<String> lines = Files.readAllLines(folder.resolve("captions.csv"));
        Files.write(fewer, lines.subList(0, lines.size() / 2));
        assertThat(trained("fewer", fewer, pictures).get(0))
                .as("half of the samples")
                .isNotEqualTo(weights.get(0));
    }
}
