// The decoder of xiaoyao9184/hj-t212-parser (Java, Apache-2.0) beside ours, on one core.
//
// Compile it with the sources of stream-reader, segment-parser and hj-t212-parser of that repository (commit ac5d822)
// and the libraries its build names (javax.el 3.0.0), and give it the file that `python -m bench.hj212 FILE` writes:
//
//     taskset -c 1 java --add-opens java.base/java.io=ALL-UNNAMED -XX:+UseSerialGC -cp ... Hj212 FILE
import com.xy.format.hbt212.core.T212Mapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;

public class Hj212 {
    interface Reader { Object read(String frame) throws Exception; }

    static void time(String name, List<String> frames, Reader reader) throws Exception {
        double best = 0;
        for (int turn = 0; turn < 8; turn++) {
            long began = System.nanoTime();
            for (String frame : frames) reader.read(frame);
            best = Math.max(best, frames.size() / ((System.nanoTime() - began) / 1e9));
        }
        System.out.printf("java %s: %d frames, %.0f frames/s%n", name, frames.size(), best);
    }

    public static void main(String[] args) throws Exception {
        String text = new String(Files.readAllBytes(Paths.get(args[0])), StandardCharsets.UTF_8);
        List<String> frames = new ArrayList<>();
        for (String line : text.split("\r\n")) frames.add(line + "\r\n");
        T212Mapper mapper = new T212Mapper().enableDefaultParserFeatures().enableDefaultVerifyFeatures();
        System.out.println(mapper.readDeepMap(frames.get(0)));
        time("readMap", frames, mapper::readMap);
        time("readDeepMap", frames, mapper::readDeepMap);
    }
}
