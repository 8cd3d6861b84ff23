;; What a network computes, four numbers at a time. All lengths and distances in memory are in bytes, all counts in
;; entries. A matrix may be read across or along: entry (i, p) of one lies down * i + along * p behind its start.
(module
  (memory (export "memory") 1)

  ;; out (m, n) = the row `start` + a (m, k) times b (k, n), in blocks of 4 rows and 8 columns whose sums stay in
  ;; registers. The last block of columns overlaps the one before. Where n < 8 each row is written 8 long, into the
  ;; rows that are written after it, so that whatever lies 8 numbers behind `out` is lost. Where m is no multiple of
  ;; 4 the last row is computed again. The first 32 * k bytes of the memory hold the 8 columns of b at hand.
  (func (export "product")
    (param $a i32) (param $a_down i32) (param $a_along i32)
    (param $b i32) (param $b_down i32) (param $b_along i32)
    (param $start i32) (param $out i32) (param $m i32) (param $n i32) (param $k i32)
    (local $width i32) (local $end i32) (local $i i32) (local $j i32) (local $column i32) (local $p i32) (local $q i32)
    (local $a0 i32) (local $a1 i32) (local $a2 i32) (local $a3 i32)
    (local $out0 i32) (local $out1 i32) (local $out2 i32) (local $out3 i32)
    (local $x v128) (local $y v128) (local $z v128) (local $first v128) (local $second v128)
    (local $y0 v128) (local $y1 v128) (local $y2 v128) (local $y3 v128)
    (local $z0 v128) (local $z1 v128) (local $z2 v128) (local $z3 v128)
    (local.set $width (i32.shl (local.get $n) (i32.const 2)))
    (local.set $end (i32.shl (local.get $k) (i32.const 5)))
    (loop $columns
      (local.set $column (local.get $j))
      (if (i32.and (i32.ge_s (local.get $n) (i32.const 8))
                   (i32.gt_s (local.get $j) (i32.sub (local.get $n) (i32.const 8))))
        (then (local.set $column (i32.sub (local.get $n) (i32.const 8)))))

      (local.set $p (i32.const 0))
      (loop $pack
        (local.set $q (i32.add (i32.add (local.get $b) (i32.mul (local.get $column) (local.get $b_along)))
                               (i32.mul (i32.shr_u (local.get $p) (i32.const 5)) (local.get $b_down))))
        (local.set $i (i32.const 0))
        (loop $entries
          (f32.store (i32.add (local.get $p) (local.get $i)) (f32.load (local.get $q)))
          (local.set $q (i32.add (local.get $q) (local.get $b_along)))
          (br_if $entries (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 32))))
        (br_if $pack (i32.lt_s (local.tee $p (i32.add (local.get $p) (i32.const 32))) (local.get $end))))

      (local.set $q (i32.add (local.get $start) (i32.shl (local.get $column) (i32.const 2))))
      (local.set $first (v128.load (local.get $q)))
      (local.set $second (v128.load offset=16 (local.get $q)))
      (local.set $i (i32.const 0))
      (loop $rows
        (local.set $a0 (i32.add (local.get $a) (i32.mul (local.get $i) (local.get $a_down))))
        (local.set $out0 (i32.add (i32.add (local.get $out) (i32.mul (local.get $i) (local.get $width)))
                                  (i32.shl (local.get $column) (i32.const 2))))
        (local.set $q (i32.lt_s (i32.add (local.get $i) (i32.const 1)) (local.get $m)))
        (local.set $a1 (i32.add (local.get $a0) (i32.mul (local.get $q) (local.get $a_down))))
        (local.set $out1 (i32.add (local.get $out0) (i32.mul (local.get $q) (local.get $width))))
        (local.set $q (i32.lt_s (i32.add (local.get $i) (i32.const 2)) (local.get $m)))
        (local.set $a2 (i32.add (local.get $a1) (i32.mul (local.get $q) (local.get $a_down))))
        (local.set $out2 (i32.add (local.get $out1) (i32.mul (local.get $q) (local.get $width))))
        (local.set $q (i32.lt_s (i32.add (local.get $i) (i32.const 3)) (local.get $m)))
        (local.set $a3 (i32.add (local.get $a2) (i32.mul (local.get $q) (local.get $a_down))))
        (local.set $out3 (i32.add (local.get $out2) (i32.mul (local.get $q) (local.get $width))))
        (local.set $y0 (local.get $first)) (local.set $z0 (local.get $second))
        (local.set $y1 (local.get $first)) (local.set $z1 (local.get $second))
        (local.set $y2 (local.get $first)) (local.set $z2 (local.get $second))
        (local.set $y3 (local.get $first)) (local.set $z3 (local.get $second))
        (local.set $p (i32.const 0))
        (loop $sum
          (local.set $y (v128.load (local.get $p)))
          (local.set $z (v128.load offset=16 (local.get $p)))
          (local.set $x (v128.load32_splat (local.get $a0)))
          (local.set $y0 (f32x4.add (local.get $y0) (f32x4.mul (local.get $x) (local.get $y))))
          (local.set $z0 (f32x4.add (local.get $z0) (f32x4.mul (local.get $x) (local.get $z))))
          (local.set $x (v128.load32_splat (local.get $a1)))
          (local.set $y1 (f32x4.add (local.get $y1) (f32x4.mul (local.get $x) (local.get $y))))
          (local.set $z1 (f32x4.add (local.get $z1) (f32x4.mul (local.get $x) (local.get $z))))
          (local.set $x (v128.load32_splat (local.get $a2)))
          (local.set $y2 (f32x4.add (local.get $y2) (f32x4.mul (local.get $x) (local.get $y))))
          (local.set $z2 (f32x4.add (local.get $z2) (f32x4.mul (local.get $x) (local.get $z))))
          (local.set $x (v128.load32_splat (local.get $a3)))
          (local.set $y3 (f32x4.add (local.get $y3) (f32x4.mul (local.get $x) (local.get $y))))
          (local.set $z3 (f32x4.add (local.get $z3) (f32x4.mul (local.get $x) (local.get $z))))
          (local.set $a0 (i32.add (local.get $a0) (local.get $a_along)))
          (local.set $a1 (i32.add (local.get $a1) (local.get $a_along)))
          (local.set $a2 (i32.add (local.get $a2) (local.get $a_along)))
          (local.set $a3 (i32.add (local.get $a3) (local.get $a_along)))
          (br_if $sum (i32.lt_s (local.tee $p (i32.add (local.get $p) (i32.const 32))) (local.get $end))))
        (v128.store (local.get $out0) (local.get $y0)) (v128.store offset=16 (local.get $out0) (local.get $z0))
        (v128.store (local.get $out1) (local.get $y1)) (v128.store offset=16 (local.get $out1) (local.get $z1))
        (v128.store (local.get $out2) (local.get $y2)) (v128.store offset=16 (local.get $out2) (local.get $z2))
        (v128.store (local.get $out3) (local.get $y3)) (v128.store offset=16 (local.get $out3) (local.get $z3))
        (br_if $rows (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 4))) (local.get $m))))
      (br_if $columns (i32.lt_s (local.tee $j (i32.add (local.get $j) (i32.const 8))) (local.get $n)))))

  ;; y = tanh(y), `size` numbers: the continued fraction of tanh in network.mjs.
  (func (export "tanh") (param $y i32) (param $size i32)
    (local $end i32) (local $half v128) (local $q v128) (local $n v128) (local $d v128)
    (local.set $end (i32.add (local.get $y) (i32.shl (local.get $size) (i32.const 2))))
    (loop $four
      (local.set $half
        (f32x4.pmax
          (f32x4.pmin (f32x4.mul (v128.load (local.get $y)) (f32x4.splat (f32.const 0.5))) (f32x4.splat (f32.const 4.5)))
          (f32x4.splat (f32.const -4.5))))
      (local.set $q (f32x4.mul (local.get $half) (local.get $half)))
      (local.set $n
        (f32x4.mul (local.get $half)
          (f32x4.add (f32x4.splat (f32.const 135135)) (f32x4.mul (local.get $q)
            (f32x4.add (f32x4.splat (f32.const 17325)) (f32x4.mul (local.get $q)
              (f32x4.add (f32x4.splat (f32.const 378)) (local.get $q))))))))
      (local.set $d
        (f32x4.add (f32x4.splat (f32.const 135135)) (f32x4.mul (local.get $q)
          (f32x4.add (f32x4.splat (f32.const 62370)) (f32x4.mul (local.get $q)
            (f32x4.add (f32x4.splat (f32.const 3150)) (f32x4.mul (local.get $q) (f32x4.splat (f32.const 28)))))))))
      (v128.store (local.get $y)
        (f32x4.div (f32x4.mul (f32x4.add (local.get $n) (local.get $n)) (local.get $d))
                   (f32x4.add (f32x4.mul (local.get $d) (local.get $d)) (f32x4.mul (local.get $n) (local.get $n)))))
      (br_if $four (i32.lt_u (local.tee $y (i32.add (local.get $y) (i32.const 16))) (local.get $end)))))

  ;; gradient = gradient * (1 - y^2), `size` numbers: back through y = tanh(...).
  (func (export "tanhBack") (param $gradient i32) (param $y i32) (param $size i32)
    (local $end i32) (local $v v128)
    (local.set $end (i32.add (local.get $y) (i32.shl (local.get $size) (i32.const 2))))
    (loop $four
      (local.set $v (v128.load (local.get $y)))
      (v128.store (local.get $gradient)
        (f32x4.mul (v128.load (local.get $gradient))
                   (f32x4.sub (f32x4.splat (f32.const 1)) (f32x4.mul (local.get $v) (local.get $v)))))
      (local.set $gradient (i32.add (local.get $gradient) (i32.const 16)))
      (br_if $four (i32.lt_u (local.tee $y (i32.add (local.get $y) (i32.const 16))) (local.get $end))))))
