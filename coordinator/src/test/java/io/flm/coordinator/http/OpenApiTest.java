package io.flm.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import io.flm.coordinator.Coordinator;
import io.flm.coordinator.Coordinator.Answer;
import io.flm.coordinator.CoordinatorEnvironment;
import io.flm.coordinator.CoordinatorSettings;
import io.flm.coordinator.GenerationsView;
import io.flm.coordinator.RunView;
import io.flm.coordinator.SamplesView;
import io.flm.worker.AsyncTrainer;
import io.flm.worker.RunPlan;
import io.flm.worker.ShownSamples;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.InputStream;
import java.lang.reflect.RecordComponent;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The OpenAPI document says what the routes do, and the documents say the same. */
@Timeout(60)
class OpenApiTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> METHODS = List.of("GET", "POST", "PUT", "PATCH", "DELETE");

    private static JsonNode document = JSON.nullNode();
    private static int port;

    @BeforeAll
    static void bind() throws Exception {
        ActorRef<Coordinator.Command> coordinator = KIT.spawn(Coordinator.withoutReceptionist(
                CoordinatorSettings.from(ConfigFactory.load()),
                new CoordinatorEnvironment(InstantSource.system(), System::nanoTime, () -> "key")));
        port = HttpEndpoint.bind(
                        KIT.system(),
                        coordinator,
                        HttpSettings.from(ConfigFactory.load()),
                        s -> RunPlan.of(s.run(), "id", s.config(), "1", 4, 100),
                        new PrometheusRegistry(),
                        KeptRuns.NONE,
                        InstantSource.system())
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS)
                .localAddress()
                .getPort();
        Got answer = send("GET", "/api/v1/openapi.json");
        assertThat(answer.statusCode()).isEqualTo(200);
        document = JSON.readTree(answer.body());
    }

    @AfterAll
    static void shutDown() {
        KIT.shutdownTestKit();
    }

    /** @param body of a stream: empty */
    private record Got(int statusCode, String type, String body) {}

    private static Got send(String method, String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .method(method, BodyPublishers.noBody())
                .build();
        HttpResponse<InputStream> answer = CLIENT.send(request, BodyHandlers.ofInputStream());
        String type = answer.headers().firstValue("content-type").orElse("").replaceAll(";.*", "");
        try (InputStream in = answer.body()) {
            String body = type.equals("text/event-stream") ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return new Got(answer.statusCode(), type, body);
        }
    }

    private static Set<String> operations(String path) {
        Set<String> methods = new TreeSet<>();
        document.get("paths")
                .get(path)
                .fieldNames()
                .forEachRemaining(name -> methods.add(name.toUpperCase(Locale.ROOT)));
        return methods;
    }

    private static List<String> paths() {
        List<String> paths = new ArrayList<>();
        document.get("paths").fieldNames().forEachRemaining(paths::add);
        return paths;
    }

    @Test
    void everyPathAnswersTheMethodsOfTheDocumentAndNoOther() throws Exception {
        for (String path : paths()) {
            String place = path.replaceAll("\\{.*?}", "w");
            Set<String> answered = new TreeSet<>();
            for (String method : METHODS) {
                Got answer = send(method, place);
                if (answer.statusCode() == 404) { // of a thing that is not there: the document says so
                    assertThat(operations(path)).as(path).contains(method);
                }
                if (answer.statusCode() != 405) {
                    answered.add(method);
                    assertSaid(path, method, answer);
                }
            }
            assertThat(answered).as(path).isEqualTo(operations(path));
        }
    }

    /** The answer's status and type are among those of the document, and its fields those of the schema. */
    private static void assertSaid(String path, String method, Got answer) throws Exception {
        String what = method + " " + path + ": " + answer.statusCode() + " " + answer.body();
        JsonNode response = resolved(document.get("paths")
                .get(path)
                .get(method.toLowerCase(Locale.ROOT))
                .get("responses")
                .path(String.valueOf(answer.statusCode())));
        assertThat(response.isObject()).as(what).isTrue();
        String type = answer.type();
        if (answer.statusCode() == 204) {
            assertThat(type).isEmpty();
            return;
        }
        assertThat(response.path("content").has(type)).as("%s %s", type, what).isTrue();
        if (type.endsWith("json")) {
            assertThat(misfits(
                            JSON.readTree(answer.body()),
                            response.get("content").get(type).get("schema"),
                            "$"))
                    .as(what)
                    .isEmpty();
        }
    }

    private static JsonNode resolved(JsonNode node) {
        return node.has("$ref") ? document.at(node.get("$ref").asText().substring(1)) : node;
    }

    /** Where a value is not as a schema says: the part of JSON Schema that the document uses. */
    private static List<String> misfits(JsonNode value, JsonNode given, String at) {
        JsonNode schema = resolved(given);
        List<String> found = new ArrayList<>();
        if (schema.has("oneOf")) {
            boolean fits = Stream.of(
                            schema.get("oneOf").get(0), schema.get("oneOf").get(1))
                    .anyMatch(one -> misfits(value, one, at).isEmpty());
            return fits ? found : List.of(at + " fits none");
        }
        List<String> types = new ArrayList<>();
        if (schema.get("type").isArray()) {
            schema.get("type").forEach(type -> types.add(type.asText()));
        } else {
            types.add(schema.get("type").asText());
        }
        String type = value.isIntegralNumber() && types.contains("integer")
                ? "integer"
                : value.getNodeType().name().toLowerCase(Locale.ROOT);
        if (!types.contains(type)) {
            return List.of(at + " is of type " + type);
        }
        if (schema.has("enum")
                && Stream.of(JSON.convertValue(schema.get("enum"), String[].class))
                        .noneMatch(value.asText()::equals)) {
            found.add(at + " is " + value);
        }
        schema.path("required").forEach(name -> {
            if (!value.has(name.asText())) {
                found.add(at + " lacks " + name);
            }
        });
        value.properties().forEach(field -> {
            JsonNode of = schema.path("properties").path(field.getKey());
            if (of.isObject()) {
                found.addAll(misfits(field.getValue(), of, at + "." + field.getKey()));
            } else if (schema.has("additionalProperties")
                    && schema.get("additionalProperties").isBoolean()) {
                found.add(at + " has " + field.getKey());
            }
        });
        if (value.isArray()) {
            value.forEach(each -> found.addAll(misfits(each, schema.get("items"), at + "[]")));
        }
        return found;
    }

    /** Also the parts that an empty cluster does not show. */
    @Test
    void schemasHaveTheFieldsOfTheRecords() {
        Map<String, Class<?>> records = new LinkedHashMap<>();
        records.put("Run", RunView.class);
        records.put("Worker", RunView.WorkerView.class);
        records.put("Checkpoint", RunView.CheckpointView.class);
        records.put("Head", AsyncTrainer.Head.class);
        records.put("TimeShares", AsyncTrainer.Shares.class);
        records.put("Traffic", AsyncTrainer.Traffic.class);
        records.put("Generation", GenerationsView.GenerationView.class);
        records.put("Member", GenerationsView.MemberView.class);
        records.put("Answer", Answer.class);
        records.put("Submission", Submission.class);
        records.put("Samples", SamplesView.class);
        records.put("ShownSample", SamplesView.Shown.class);
        records.put("SampleView", ShownSamples.View.class);
        records.put("Prediction", ShownSamples.Prediction.class);
        records.put("Guess", ShownSamples.Guess.class);
        records.put("BadSamples", NodeRecords.BadSamples.class);
        records.put("LogLine", NodeRecords.LogLine.class);
        records.put("Submitted", HttpEndpoint.Submitted.class);
        records.put("Session", SessionRoutes.SessionView.class);
        records.forEach((name, type) -> {
            List<String> fields = new ArrayList<>();
            document.get("components")
                    .get("schemas")
                    .get(name)
                    .get("properties")
                    .fieldNames()
                    .forEachRemaining(fields::add);
            assertThat(fields)
                    .as(name)
                    .containsExactlyElementsOf(Stream.of(type.getRecordComponents())
                            .map(RecordComponent::getName)
                            .toList());
        });
    }

    @Test
    void thePagesOfTheProgramNameTheSameRequests() throws Exception {
        Set<String> said = new TreeSet<>();
        Matcher rows = Pattern.compile("(?m)^\\| `(GET|POST|DELETE) (/\\S+)` \\|")
                .matcher(Files.readString(Path.of("../docs/http.md")));
        while (rows.find()) {
            said.add(rows.group(1) + " "
                    + rows.group(2)
                            .replace("runs/NAME", "runs/{run}")
                            .replace("NUMBER", "{number}")
                            .replace("NAME", "{worker}"));
        }
        Set<String> known = new TreeSet<>();
        for (String path : paths()) {
            operations(path).forEach(method -> known.add(method + " " + path));
        }
        assertThat(said).isEqualTo(known);
        String unknown =
                JSON.readTree(send("GET", "/nothing").body()).get("detail").asText();
        assertThat(paths().stream().filter(path -> !path.contains("{") && !path.startsWith("/api/v1/run/")))
                .allMatch(unknown::contains);
    }

    @Test
    void everyOperationSaysWhoIsRefused() {
        for (String path : paths()) {
            for (String method : operations(path)) {
                JsonNode operation = document.get("paths").get(path).get(method.toLowerCase(Locale.ROOT));
                boolean open =
                        operation.has("security") && operation.get("security").isEmpty();
                assertThat(operation.get("responses").has("429"))
                        .as("%s %s", method, path)
                        .isTrue();
                assertThat(open || operation.get("responses").has("401"))
                        .as("%s %s", method, path)
                        .isTrue();
            }
        }
    }
}
