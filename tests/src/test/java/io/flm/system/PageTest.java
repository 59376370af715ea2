package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.architecture.Repository;
import io.flm.browser.Chromium;
import io.flm.browser.Tab;
import io.flm.system.LocalRun.Child;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page in a real browser, of a real run whose nodes are killed.
 *
 * <p>{@code -Dflm.test.pictures=docs} takes those of the README too.
 */
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@EnabledIf(
        value = "hasChromium",
        disabledReason = "needs Chromium: run .ci/run, or give -Dflm.test.chromium=/path/to/chromium")
class PageTest {
    private static final String TOKEN = "a-token-that-only-this-test-knows";
    private static final String FORGED = "<img src=x onerror=console.error('run')>";
    private static final String PICTURES = System.getProperty("flm.test.pictures", "");
    private static final int WIDE = 1440;
    private static final int NARROW = 400;
    private static final int SAMPLES = 8;

    /** What the browser itself says of a node that asks to wait while the coordinator moves. */
    private static final String ASKED_TO_WAIT =
            "network: Failed to load resource: the server responded with a status of 503 \\(.*\\) http://\\S+/api/v1/\\S+";

    /** And of one that is not there, or goes in the middle of an answer. */
    private static final String NOBODY_THERE =
            ASKED_TO_WAIT + "|network: Failed to load resource: net::ERR_\\w+ http://\\S+/api/v1/\\S+";

    private Path folder = Path.of("");
    private @Nullable Chromium chromium;
    private @Nullable LocalRun started;
    private @Nullable LocalRun earlier;

    static boolean hasChromium() {
        return Chromium.installed().isPresent();
    }

    @BeforeAll
    void start(@TempDir Path ofAllTests) throws Exception {
        folder = ofAllTests;
        Path token = Files.createFile(
                folder.resolve("token"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(token, TOKEN);
        earlier = LocalRun.start(folder.resolve("runs/emoji-1"), 30, "--seed", "2");
        earlier.result();
        List<String> more = new ArrayList<>(List.of("--nodes", "3"));
        for (String set : List.of(
                "flm.train.lanes=8",
                "flm.train.micro-batch=8",
                "flm.data.eval-paths=" + Repository.root().resolve("data-stream/emoji/emoji-fluent.tar.gz"),
                "flm.evaluate.every=10",
                "flm.evaluate.every-samples=16",
                "flm.evaluate.every-shown=" + SAMPLES,
                "flm.http.token-file=" + token)) {
            more.addAll(List.of("--set", set));
        }
        started = LocalRun.start(folder.resolve("runs/emoji-2"), 100_000, more.toArray(String[]::new));
        chromium = Chromium.start(Chromium.installed().orElseThrow(), folder.resolve("chromium"));
    }

    @AfterAll
    void end() throws Exception {
        if (chromium != null) {
            chromium.close();
        }
        for (LocalRun run : new LocalRun[] {earlier, started}) {
            if (run != null) {
                run.driver().kill();
            }
        }
    }

    private Tab open() throws Exception {
        Tab tab = Objects.requireNonNull(chromium).open();
        tab.size(WIDE, 900);
        return tab;
    }

    private LocalRun run() {
        return Objects.requireNonNull(started);
    }

    /** A node by its place in age: the first one has the coordinator. */
    private Child node(int place) throws Exception {
        run().await("three nodes", () -> run().children().size() == 3);
        return run().children().get(place);
    }

    @Test
    void aRunIsWatchedAndLedThroughDrainsAndKills() throws Exception {
        run().await("the first steps", () -> run().steps() > 2);
        Child coordinators = node(0);
        Child killed = node(1);
        Child watched = node(2);
        try (Tab page = open();
                Tab ofCoordinators = open()) {
            page.show("http://" + watched.http() + "/");
            hearsOfFaults(page);
            signIn(page);
            curvesMove(page);
            page.await("held-out samples", "document.querySelectorAll('#sample-cards > *').length === " + SAMPLES);
            pausesByKeyboard(page);
            looksRight(page, "paused");
            drawsAnotherRun(page);
            goesOn(page);
            drainsAndAdmits(page, killed.name() + "-w1");
            showsPictures(page);

            int before = generation(page);
            killed.kill();
            awaitGeneration(page, before, "left: " + killed.name() + "-w1");
            curvesMove(page);
            awaitGeneration(page, before, "joined: " + killed.name() + "-w1");
            curvesMove(page);
            assertThat(page.messages()).isEmpty();

            ofCoordinators.show("http://" + coordinators.http() + "/"); // the browser has signed in already
            curvesMove(ofCoordinators);
            assertThat(ofCoordinators.messages()).isEmpty();
            page.value(WATCH_CONNECTION);
            before = generation(page);
            coordinators.kill();
            ofCoordinators.awaitText("#connection", "this node does not answer");
            page.await("a coordinator that moved", "connections.includes('moving') && connections.at(-1) === 'live'");
            curvesMove(page);
            awaitGeneration(page, before, "joined: " + coordinators.name() + "-w1");
            ofCoordinators.awaitText("#connection", "live");
            curvesMove(ofCoordinators);
            looksRight(page, "training");
            try (Tab late = open()) {
                late.show("http://" + watched.http() + "/");
                late.await(
                        "the generations from before the coordinator moved",
                        "[...document.querySelectorAll('#generations strong')].some(one => one.textContent === 'Generation 1')");
                late.await(
                        "what nodes send",
                        "document.getElementById('traffic').textContent.includes('send each other')");
                assertThat(late.messages()).isEmpty();
            }
            if (!PICTURES.isEmpty()) {
                showsPictures(page);
                takePictures(page);
            }
            assertThat(page.messages()).allMatch(message -> message.matches(ASKED_TO_WAIT));
            assertThat(ofCoordinators.messages()).allMatch(message -> message.matches(NOBODY_THERE));

            showsForgedNamesAsTexts(ofCoordinators);
            assertThat(page.messages()).isEmpty();

            order(page, "Stop");
            page.awaitText("#state", "finished");
            page.awaitText("#connection", "the run has ended, and its node with it");
            assertThat(page.messages()).allMatch(message -> message.matches(NOBODY_THERE));
        }
    }

    /** They are loaded when they come into sight. */
    private static void showsPictures(Tab page) throws Exception {
        page.front();
        page.value("document.getElementById('sample-cards').scrollIntoView()");
        page.await(
                "pictures of the first samples",
                "[...document.querySelectorAll('#sample-cards img')].slice(0, 3).every(one => one.complete && one.naturalWidth > 0)");
        page.value("scrollTo(0, 0)");
    }

    /** A test that no message fails would prove nothing. */
    private static void hearsOfFaults(Tab page) throws Exception {
        assertThat(page.messages()).isEmpty();
        page.value("""
                new Promise(done => {
                  document.addEventListener('securitypolicyviolation', done, {once: true});
                  new Image().src = 'http://127.0.0.1:9/';
                }).then(() => true)
                """);
        assertThat(page.messages()).anyMatch(message -> message.contains("policy violated: img-src"));
    }

    private static final String WATCH_CONNECTION = """
            window.connections = [];
            new MutationObserver(() => connections.push(document.getElementById('connection').dataset.state))
                .observe(document.getElementById('connection'), {attributes: true});
            """;

    /** The newest one that the page shows. */
    private static int generation(Tab page) throws Exception {
        return page.value("Number(document.querySelector('#generations strong').textContent.split(' ')[1])")
                .asInt();
    }

    /** Waits for a generation after one, of which the page says something. */
    private static void awaitGeneration(Tab page, int after, String said) throws Exception {
        page.await("a generation after %d, %s".formatted(after, said), """
                [...document.querySelectorAll('#generations li')].some(found =>
                    Number(found.querySelector('strong').textContent.split(' ')[1]) > %d && found.textContent.includes('%s'))
                """.formatted(after, said));
    }

    private void signIn(Tab page) throws Exception {
        page.await("the question for the token", "!document.getElementById('sign-in').hidden");
        looksRight(page, "signed out");
        page.click("#token");
        page.value("document.getElementById('token').focus()");
        page.type(TOKEN);
        page.press("Enter");
        page.awaitText("#connection", "live");
        page.awaitText("#state", "training");
        assertThat(page.value("document.getElementById('sign-in').hidden").asBoolean())
                .isTrue();
    }

    /** Steps come, and are drawn. */
    private static void curvesMove(Tab page) throws Exception {
        page.await("curves", "document.querySelector('.chart:not([hidden]) canvas') !== null");
        String before = page.value(DRAWN).asText();
        String newest = page.text("#resolution");
        page.await("new curves", "(%s) !== '%s'".formatted(DRAWN, before));
        page.await("new steps", "document.getElementById('resolution').textContent !== '%s'".formatted(newest));
    }

    private static final String DRAWN = "document.querySelector('.chart:not([hidden]) canvas').toDataURL()";

    /** From the top of the page, without a mouse: to the button, into the dialog, out of it, and again. */
    private void pausesByKeyboard(Tab page) throws Exception {
        page.value("document.activeElement.blur()");
        tabTo(page, "document.activeElement.textContent === 'Pause'");
        page.press("Enter");
        page.await("the dialog", "document.getElementById('confirm').open");
        looksRight(page, "asked");
        page.press("Escape");
        page.await("no dialog", "!document.getElementById('confirm').open");
        assertThat(page.value("document.activeElement.textContent").asText()).isEqualTo("Pause");
        page.press("Enter");
        tabTo(page, "document.activeElement.id === 'confirm-reason'");
        page.type(FORGED);
        page.press("Enter");
        page.awaitText("#state", "paused");
        page.awaitText("#reason", FORGED);
        assertThat(page.value("document.getElementById('confirm').open").asBoolean())
                .as("the same key does not open the dialog again")
                .isFalse();
        assertThat(page.value("document.querySelectorAll('img[onerror]').length")
                        .asInt())
                .isZero();
    }

    private static void tabTo(Tab page, String there) throws Exception {
        for (int presses = 0; !page.value(there).asBoolean(); presses++) {
            assertThat(presses).as(there).isLessThan(12);
            page.press("Tab");
        }
    }

    /** An order by mouse. */
    private static void order(Tab page, String words) throws Exception {
        page.value(
                "[...document.querySelectorAll('#orders button')].forEach(button => button.dataset.words = button.textContent)");
        page.click("#orders [data-words=" + words + "]");
        page.click("#confirm-yes");
    }

    private static void goesOn(Tab page) throws Exception {
        order(page, "Continue");
        page.awaitText("#state", "training");
        curvesMove(page);
    }

    private static void drainsAndAdmits(Tab page, String worker) throws Exception {
        int before = generation(page);
        page.click("[aria-label='drain " + worker + "']");
        page.click("#confirm-yes");
        awaitGeneration(page, before, "left: " + worker);
        page.click("[aria-label='admit " + worker + "']");
        page.click("#confirm-yes");
        awaitGeneration(page, before, "joined: " + worker);
    }

    /** What comes of a cluster in which anybody has named anything. */
    private void showsForgedNamesAsTexts(Tab page) throws Exception {
        String forged = FORGED.replace("'", "\\u0027");
        page.answer("*/api/v1/events", "text/event-stream", """
                event: run
                id: forged-1
                data: {"run": "<>", "id": "<>", "state": "training", "reason": "<>", "generation": 1, "step": 1, "totalSteps": 2, "loss": 1, \
                "heads": [{"name": "<>", "loss": 1, "accuracy": 1}], "notes": ["<>"], "checkpoint": {"step": 1, "path": "<>", "worker": "<>"}, \
                "weightsSha256": "<>", "workers": [{"name": "<>", "node": "<>", "device": "<>", "state": "<>", "rank": 0, "lanes": "<>", \
                "laneMs": 1, "generation": 1, "steps": 1, "reason": "<>"}]}

                """.replace("<>", forged));
        page.value("location.reload()");
        for (String place : List.of("#name", "#reason", "#figures dt", "#workers th", "#workers td", "#notes")) {
            page.awaitText(place, FORGED);
        }
        assertThat(page.value("document.querySelectorAll('img[onerror]').length")
                        .asInt())
                .isZero();
        assertThat(page.messages()).isEmpty();
    }

    /** A chosen run has its own keys and lines; without its keys it is gone. The run is paused, so nothing else is drawn. */
    private static void drawsAnotherRun(Tab page) throws Exception {
        String alone = page.value(DRAWN).asText();
        page.click("#others summary");
        page.click("#other-runs input[value=emoji-1]");
        page.awaitText(".key", "(emoji-1)");
        String both = page.value(DRAWN).asText();
        assertThat(both).isNotEqualTo(alone);
        page.click("#other-runs input[value=emoji-1]");
        page.await("the run alone", "(%s) === '%s'".formatted(DRAWN, alone));
        page.click("#others summary");
    }

    /** Those of the README: what is above the workers in light, and the rest in dark. */
    private static void takePictures(Tab page) throws Exception {
        Path to = Repository.root().resolve(PICTURES);
        for (int width : List.of(WIDE, NARROW)) {
            page.size(width, 900);
            page.await("a page of " + width, "innerWidth === " + width);
            int workers = page.value("document.getElementById('workers').closest('section').offsetTop - 12")
                    .asInt();
            int end = page.value("document.documentElement.scrollHeight").asInt();
            String name = width == WIDE ? "wide" : "narrow";
            int most = width == WIDE ? 9 * WIDE / 10 : 4 * NARROW;
            page.scheme("light");
            Files.write(to.resolve("page-light-" + name + ".png"), page.picture(0, Math.min(workers, most)));
            page.scheme("dark");
            Files.write(to.resolve("page-dark-" + name + ".png"), page.picture(workers, Math.min(end - workers, most)));
        }
    }

    /** In light and dark, wide and narrow: nothing to be scrolled sideways, and no fault that axe-core knows. */
    private void looksRight(Tab page, String when) throws Exception {
        List<String> faults = new ArrayList<>();
        for (String scheme : List.of("light", "dark")) {
            for (int width : List.of(WIDE, NARROW)) {
                page.scheme(scheme);
                page.size(width, 900);
                page.await("a page of " + width, "innerWidth === " + width);
                assertThat(page.value("document.documentElement.scrollWidth").asInt())
                        .as("width of the page, %s, %s", when, scheme)
                        .isLessThanOrEqualTo(width);
                page.faults().forEach(fault -> faults.add("%s, %s, %d: %s".formatted(when, scheme, width, fault)));
            }
        }
        page.scheme("light");
        page.size(WIDE, 900);
        assertThat(faults).isEmpty();
    }
}
