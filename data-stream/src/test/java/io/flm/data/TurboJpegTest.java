package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.typesafe.config.ConfigFactory;
import io.flm.data.PictureSettings.Fit;
import java.io.IOException;
import java.util.Arrays;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The host's libjpeg-turbo. Where there is none, what needs it is left out, unless {@code -Dflm.test.libjpeg-turbo=true} says that
 * there is one.
 */
class TurboJpegTest {
    private static final JpegSettings FULL = new JpegSettings(true, 0);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cmyk-plain.jpg",
                "exif-7.jpg",
                "no-jfif.jpg",
                "progressive.jpg",
                "restarts.jpg",
                "rgb.jpg",
                "strange-segments.jpg",
                "tall-chroma-progressive.jpg",
                "tall-chroma.jpg",
                "three-scans.jpg",
                "two-pictures.jpg",
                "ycck.jpg"
            })
    void pixelsAreThoseOfTheJdk(String name) throws IOException {
        requireLibrary();
        byte[] image = PicturesTest.resource("whole/" + name);
        Codecs.Encoded encoded = Codecs.open(image);
        Picture picture = Codecs.decode(encoded, FULL, 0);
        assertThat(CodecsTest.sha256(picture)).isEqualTo(CodecsTest.sha256(Codecs.decode(encoded)));
        int orientation = 7;
        assertThat(CodecsTest.sha256(picture.turned(orientation)))
                .isEqualTo(CodecsTest.sha256(Codecs.decode(encoded).turned(orientation)));
        picture.pixels().release();
    }

    /** The SHA-256 is that of the pixels of Pillow 13.0.0 after {@code draft("RGB", (width // scale, height // scale))}. */
    @ParameterizedTest
    @CsvSource({
        "no-jfif.jpg, 2, 27, 23, 5e5fceb768aaaabeb760ed20d759a3aa1110aafa1ca799028e722ddca708e68b",
        "no-jfif.jpg, 4, 14, 12, 2a274d68271679dd5be81a5ab9ebeee3d3cadba1eebca6827c5ff5d3169045d8",
        "no-jfif.jpg, 8, 7, 6, 073bddfafda85fdb5c6b2317f6744807a7ebded191e8f594b6327fc9a9bb9ddd",
        "tall-chroma.jpg, 2, 27, 23, 3806213b7bd158605b4a6103295961b546fcd4ff637a2bc3e5f146bff2b1f3ab",
        "progressive.jpg, 4, 14, 12, 4038905835f818f60e078227025c66e89dda161435a3343e5d51146d58714c0f",
        "rgb.jpg, 8, 7, 6, 211ca0b033d501f6a177db298e9f6783dff54f7071c8cc15c8b344798d083443"
    })
    void atAScalePixelsAreThoseOfPillowsDraft(String name, int scale, int width, int height, String sha256)
            throws IOException {
        requireLibrary();
        byte[] image = PicturesTest.resource("whole/" + name);
        Picture picture = ((JpegFile) Codecs.open(image)).decodeByTurbo(scale);
        assertThat(picture.width()).isEqualTo(width);
        assertThat(picture.height()).isEqualTo(height);
        assertThat(CodecsTest.sha256(picture)).isEqualTo(sha256);
        picture.pixels().release();
    }

    @Test
    void aPictureThatIsCutIsRefused() throws IOException {
        requireLibrary();
        byte[] whole = PicturesTest.resource("whole/restarts.jpg");
        for (int size = 0; size < whole.length; size += 7) {
            byte[] cut = Arrays.copyOf(whole, size);
            assertThatThrownBy(() -> Codecs.decode(Codecs.open(cut), FULL, 0))
                    .as("%d bytes", size)
                    .isInstanceOf(IOException.class);
        }
        byte[] image = PicturesTest.resource("whole/no-jfif.jpg");
        byte[] closed = Arrays.copyOf(image, image.length / 2); // it has its mark of the end, but half of the pixels
        closed[closed.length - 2] = (byte) 0xff;
        closed[closed.length - 1] = (byte) 0xd9;
        assertThatThrownBy(() -> Codecs.decode(Codecs.open(closed), FULL, 0))
                .isInstanceOf(IOException.class)
                .hasMessage("the picture is broken (Corrupt JPEG data: premature end of data segment)");
    }

    @Test
    void picturesAreThoseOfTheJdk() throws IOException {
        requireLibrary();
        Pictures turbo = Pictures.with(new PictureSettings(16 << 20, true, Fit.CROP, FULL));
        Pictures jdk = Pictures.with(new PictureSettings(16 << 20, true, Fit.CROP));
        byte[] image = PicturesTest.resource("whole/exif-7.jpg");
        assertThat(turbo.decode(image, 16)).isEqualTo(jdk.decode(image, 16));
        assertThat(turbo.size(image)).containsExactly(45, 53);
        JpegSettings scaling = new JpegSettings(true, 1);
        byte[] scaled = Pictures.with(new PictureSettings(16 << 20, true, Fit.CROP, scaling))
                .decode(image, 16);
        assertThat(scaled).hasSize(3 * 16 * 16).isNotEqualTo(jdk.decode(image, 16));
        assertThat(scaled[0] & 0xff).isCloseTo(jdk.decode(image, 16)[0] & 0xff, Offset.offset(30));
    }

    /** 480 rows, a size and a factor: the smallest scale that leaves enough of them. */
    @ParameterizedTest
    @CsvSource({
        "480, 64, 1, 4",
        "480, 64, 2, 2",
        "480, 60, 1, 8",
        "480, 288, 1, 1",
        "473, 60, 1, 8",
        "480, 0, 1, 1",
        "480, 8, 0, 1"
    })
    void theShorterSideKeepsWhatIsNeeded(int rows, int size, double scaling, int denominator) {
        assertThat(new JpegSettings(true, scaling).denominator(rows, size)).isEqualTo(denominator);
    }

    @Test
    void aMachineWithoutTheLibrarySaysSoInOneLine() {
        try {
            TurboJpeg.load();
        } catch (UserException e) {
            assertThat(e.getMessage())
                    .startsWith("flm.data.jpeg-decoder = libjpeg-turbo: this machine's libturbojpeg ")
                    .contains("Debian: libturbojpeg0")
                    .doesNotContain("\n");
        }
        assertThatThrownBy(() -> settings("flm.data.jpeg-scaling = 2"))
                .isInstanceOf(UserException.class)
                .hasMessage(
                        "flm.data.jpeg-scaling = 2.0 needs flm.data.jpeg-decoder = libjpeg-turbo (Debian: libturbojpeg0):"
                                + " the JDK decodes at full size only");
        assertThatThrownBy(() -> settings("flm.data.jpeg-scaling = 0.5, flm.data.jpeg-decoder = libjpeg-turbo"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("set 1 or more, or 0 for none");
        assertThat(settings("").jpeg()).isEqualTo(JpegSettings.JDK);
    }

    private static PictureSettings settings(String keys) {
        return PictureSettings.from(ConfigFactory.parseString(keys).withFallback(ConfigFactory.load()));
    }

    private static void requireLibrary() {
        if (Boolean.getBoolean("flm.test.libjpeg-turbo")) {
            TurboJpeg.load();
            return;
        }
        try {
            TurboJpeg.load();
        } catch (UserException e) {
            assumeTrue(false, e.getMessage());
        }
    }
}
